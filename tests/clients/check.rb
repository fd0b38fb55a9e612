# What tests/clients/ruby.test.mjs looks at: a line for each check.
require "json"
require "PushGuard"

SCENE = JSON.parse(File.read(ARGV.fetch(0)))
SECRET = SCENE.fetch("secret")
CHECKS = {}
def check(name, &block) = CHECKS[name] = block

def at(base, key: SCENE.fetch("api_key"), retries: 2)
  PushGuard.api_base = base
  PushGuard.api_email = SCENE.fetch("email")
  PushGuard.api_key = key
  PushGuard.retries = retries
  yield
ensure
  PushGuard.api_base = SCENE.fetch("base_url")
  PushGuard.api_key = SCENE.fetch("api_key")
  PushGuard.retries = 2
end
at(SCENE.fetch("base_url")) {}

def same(got, wanted) = got == wanted || raise("#{got.inspect} instead of #{wanted.inspect}")
def true!(value, what = "it isn't so") = value || raise(what)
def wire(kind) = "#{SCENE.fetch("wire_url")}/#{kind}"

def raises(kind)
  yield
rescue kind => e
  e
else
  raise "no #{kind}"
end

BOOK = { title: "A book", currency: "USD", value: "10.00", gateway: "Bitcoin", white_label: true }.freeze

check "sells a book: an order, its payment, its history" do
  made = PushGuard::Pay.create(BOOK)
  same made["status"], 0
  PushGuard::Test.payments(order_id: made["id"], kind: "exact")
  PushGuard::Test.blocks(order_id: made["id"], count: 1)
  paid = PushGuard::Orders.retrieve(made["id"])
  same [paid["status"], paid["value"]], [100, "10.0"]
  true! PushGuard::Orders.history(made["id"]).size >= 2
  same PushGuard::Orders.risk(made["id"])["outcome"], "accepted"
  true! PushGuard::Orders.csv(status: 100).include?(made["id"])
end

check "makes, changes, lists and destroys things" do
  made = PushGuard::Coupons.create(code: "SPRING", discount_type: "percent", discount: "10")
  same PushGuard::Coupons.update(made["id"], discount: "20")["discount"], "20.0"
  page = PushGuard::Coupons.list(per_page: 10)
  same [page.size, page.page, page.per_page, page.total_pages, page.total_count], [1, 1, 10, 1, 1]
  same PushGuard::Coupons.destroy(made["id"]), nil
  same PushGuard::Coupons.list, []
end

check "walks all pages of a list" do
  12.times { |number| PushGuard::Blacklist.create(blacklist_type: 1, blocked_data: "buyer#{number}@example.com") }
  same PushGuard::Blacklist.each(per_page: 10).map { |entry| entry["blocked_data"] }.uniq.size, 12
  seen = []
  PushGuard::Blacklist.each(per_page: 10) { |entry| seen << entry }
  same seen.size, 12
end

check "uploads and downloads files, and adds serials" do
  product = PushGuard::Products.create(title: "Guide", description: "x", price: "1", currency: "USD", product_type: 1, gateways: ["bitcoin"])
  PushGuard::Products.upload_file(product["id"], "a guide", filename: "guide.txt", content_type: "text/plain")
  same PushGuard::Products.download_file(product["id"]), "a guide"
  keys = PushGuard::Products.create(title: "Key", description: "x", price: "1", currency: "USD", product_type: 2, gateways: ["bitcoin"], info: "A,B")
  same PushGuard::Products.add_serials(keys["id"], "C\nD")["added"], 2
  same PushGuard::Product.retrieve(keys["id"])["stock"], 4
end

check "tells what is wrong" do
  refused = raises(PushGuard::ValidationError) { PushGuard::Pay.create(title: "x") }
  same refused.status, 400
  true! refused.errors.size >= 3 && refused.errors.all? { |one| refused.message.include?(one) }
  true! refused.request_id
  at(SCENE.fetch("base_url"), key: "wrong") { raises(PushGuard::AuthenticationError) { PushGuard::Account.retrieve } }
  raises(PushGuard::NotFoundError) { PushGuard::Orders.retrieve("../account") }
  at("http://127.0.0.1:9", retries: 0) { same raises(PushGuard::NoAnswerError) { PushGuard::Account.retrieve }.status, 0 }
  at(SCENE.fetch("base_url"), key: "") { raises(ArgumentError) { PushGuard::Account.retrieve } }
  raises(ArgumentError) { PushGuard::Orders.retrieve(nil) }
end

check "does a POST once, whose answer was lost" do
  before = PushGuard::Orders.list.total_count
  made = at(wire("lose")) { PushGuard::Pay.create(BOOK) }
  page = PushGuard::Orders.list
  same [page.total_count, page.first["id"]], [before + 1, made["id"]]
  both = Array.new(2) { PushGuard::Pay.create(BOOK, idempotency_key: "mine")["id"] }
  same both.uniq.size, 1
  same PushGuard::Orders.list.total_count, before + 2
end

check "destroys a thing whose first answer was lost" do
  made = PushGuard::Coupons.create(code: "GONE", discount_type: "percent", discount: "10")
  at(wire("lose")) { PushGuard::Coupons.destroy(made["id"]) }
  raises(PushGuard::NotFoundError) { PushGuard::Coupons.retrieve(made["id"]) }
end

check "waits as it is told, and not for an hour" do
  same at(wire("busy")) { PushGuard::Account.retrieve }["email"], SCENE.fetch("email")
  start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  at(wire("limit")) { PushGuard::Account.retrieve }
  true! Process.clock_gettime(Process::CLOCK_MONOTONIC) - start >= 0.99
  closed = at(wire("closed")) { raises(PushGuard::Error) { PushGuard::Account.retrieve } }
  same [closed.status, closed.retry_after], [503, 3600]
end

check "believes a webhook that is ours, and no other" do
  body = SCENE.fetch("body").unpack1("m")
  headers = SCENE.fetch("headers")
  webhook = PushGuard.verify_webhook(body, headers, SECRET)
  same [webhook.event, webhook.simulated, webhook.data["product_title"]], ["order:created", false, 'Tom & "Jerry" <3 a/b ü😀 1.10']
  true! webhook.sequence >= 1
  rack = headers.to_h { |name, value| ["HTTP_#{name.upcase.tr("-", "_")}", value] }
  same PushGuard.verify_webhook(body, rack, ["whsec_b3RoZXI=", SECRET]).id, webhook.id
  wrong = [
    -> { PushGuard.verify_webhook(body.sub("10", "11"), headers, SECRET) },
    -> { PushGuard.verify_webhook(body, headers, "whsec_b3RoZXI=") },
    -> { PushGuard.verify_webhook(body, headers, "") },
    -> { PushGuard.verify_webhook(body, headers.merge("webhook-id" => "other"), SECRET) },
    -> { PushGuard.verify_webhook(body, headers.reject { |name, _| name == "webhook-signature" }, SECRET) },
    -> { PushGuard.verify_webhook(body, headers.merge("webhook-signature" => "v1,%%% v2,x"), SECRET) },
    -> { PushGuard.verify_webhook(body, headers, SECRET, now: Time.at(webhook.timestamp + 301)) },
    -> { PushGuard.verify_webhook(body, headers, SECRET, now: Time.at(webhook.timestamp - 301)) }
  ]
  wrong.each { |one| raises(PushGuard::WebhookVerificationError, &one) }
  true! PushGuard.verify_signature(body, headers.fetch("x-pushguard-signature"), SECRET)
  ["", nil, "zz", "00" * 64].each { |bad| true! !PushGuard.verify_signature(body, bad, SECRET) }
end

check "believes a buyer who comes back, and none who changed the status" do
  signature = OpenSSL::HMAC.hexdigest("SHA512", SECRET, "an-order.100.1700000000")
  url = ->(status) { "https://seller.example/thanks?status=5&order_id=an-order&status=#{status}&timestamp=1700000000&signature=#{signature}" }
  true! PushGuard.verify_return(url.call(100), SECRET)
  true! !PushGuard.verify_return(url.call(0), SECRET)
end

# --- The reference's own lines --------------------------------------------------------------------------------------------

# Things in place of those that the reference's ids name, made anew for each block, since some blocks destroy them.
def things
  product = -> { PushGuard::Products.create(title: "Example", description: "x", price: "1", currency: "USD", product_type: 4, gateways: ["bitcoin"])["id"] }
  endpoint = PushGuard::Webhooks::Endpoints.create(url: "http://127.0.0.1:9/", events: ["order:blocked"])
  {
    "'api key'" => SCENE.fetch("api_key").dump,
    "'email'" => SCENE.fetch("email").dump,
    "'your webhook secret'" => SECRET.dump,
    "bGYSEexV" => -> { PushGuard::Blacklist.create(blacklist_type: 3, blocked_data: "SE")["id"] },
    "1dd671f4" => -> { PushGuard::Categories.create(title: "Demo", product_ids: [product.call])["id"] },
    "100bcf1e" => product, "06e53c79" => product, "1a1ffd89" => product, "b47e307a7283" => product,
    "d73cf5fc-466d-433e-a109-f8de4d4c70fc" => -> { PushGuard::Pay.create(BOOK)["id"] },
    "1206995986220584961" => endpoint["id"],
    "67bLhmkZ" => -> { PushGuard::Webhooks.simulate(url: "http://127.0.0.1:9/", event: "order:paid")["id"] },
    "81971eae19ff0924026d7b2a7502b20372c15df5" => lambda {
      PushGuard::Pay.create(BOOK.merge(white_label: false, return_url: "https://seller.example/"))["url"].split("/")[4]
    }
  }
end

Request = Struct.new(:headers)
OWN_SIGNATURE = SCENE.fetch("headers").fetch("x-pushguard-signature")

def run_line(code)
  PushGuard::Blacklist.each.select { |entry| entry["blacklist_type"] == 3 }.each { |entry| PushGuard::Blacklist.destroy(entry["id"]) }
  things.each { |id, real| code = code.gsub(id) { real.respond_to?(:call) ? real.call : real } if code.include?(id) }
  here = binding
  here.local_variable_set(:payload, JSON.parse(SCENE.fetch("body").unpack1("m")))
  here.local_variable_set(:request, Request.new({ "X-PushGuard-Signature" => OWN_SIGNATURE, "X-Selly-Signature" => OWN_SIGNATURE }))
  # As under Rails, for which the lines were written.
  %w[active_support/all active_support/security_utils].each { |name| require name } if code.include?("active_support")
  result = eval(code, here)
  here.local_variable_defined?(:is_valid_signature) ? true!(here.local_variable_get(:is_valid_signature)) : result
end

# What the answer has to be, where a block says more than "it is answered".
WANTED = {
  "list blacklist" => ->(answer) { answer.is_a?(PushGuard::Page) },
  "create a blacklist" => ->(answer) { answer["blocked_data"] == "ZW" },
  "update a blacklist" => ->(answer) { answer["blocked_data"] == "GR" },
  "create a product" => ->(answer) { answer["stock"] == 3 },
  "update a product" => ->(answer) { answer["price"] == "19.49" },
  "create a payment" => ->(answer) { answer["url"].include?("/pay/") },
  "create a white-label payment" => ->(answer) { answer["status"].zero? },
  "destroy a payment" => ->(answer) { answer.nil? }
}.freeze

blocks = File.read(File.join(__dir__, "reference.rb")).split(/^# = /).drop(1).to_h { |text| text.split("\n", 2) }
{ "PushGuard" => "PushGuard", "Selly" => "selly" }.each do |brand, library|
  blocks.each do |name, lines|
    code = lines.gsub("require 'PushGuard'", "require '#{library}'").gsub("PushGuard::", "#{brand}::").gsub("PushGuard.", "#{brand}.")
    check("reference, #{brand}: #{name}") do
      if lines.include?("query:updated")
        # The reference asks for an event that it doesn't have; the answer that it shows has another.
        refused = raises(PushGuard::ValidationError) { run_line(code) }
        true! refused.message.include?("Events are not included in the list"), refused.message
        code = code.gsub("query:updated", "query:created")
      end
      answer = run_line(code)
      true! WANTED.fetch(name, ->(_) { true }).call(answer), "it answered #{answer.inspect}"
    end
  end
end

puts "#{CHECKS.size} checks"
CHECKS.each do |name, block|
  block.call
  puts "ok #{name}"
rescue StandardError => e
  puts "not ok #{name}: #{e.class} #{e.message.tr("\n", " ")} #{e.backtrace.first}"
end
