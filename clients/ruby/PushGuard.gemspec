# frozen_string_literal: true

require_relative "lib/PushGuard/version"

Gem::Specification.new do |gem|
  gem.name = "PushGuard"
  gem.version = PushGuard::VERSION
  gem.summary = "Client of the PushGuard API: sell digital goods and take payments"
  gem.description = "Products, orders, payments and webhooks of a PushGuard shop, by the calls of its reference."
  gem.authors = ["The PushGuard authors"]
  gem.licenses = ["MIT", "Apache-2.0"]
  gem.homepage = "https://pushguard.net"
  gem.required_ruby_version = ">= 2.7"
  gem.files = Dir["lib/**/*.rb"] + ["README.md"]
  gem.require_paths = ["lib"]
end
