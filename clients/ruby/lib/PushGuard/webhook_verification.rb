# frozen_string_literal: true

require "json"
require "openssl"
require "uri"

# What a receiver of webhooks needs: is it ours, and what does it say?
module PushGuard
  # It isn't ours, or too old: answer with 400.
  class WebhookVerificationError < StandardError; end

  # +id+ is the same for each try of one webhook; +sequence+ grows within one order; +simulated+ is a sample, for which nothing is
  # to be delivered; +data+ is the body.
  WebhookEvent = Struct.new(:event, :id, :timestamp, :sequence, :simulated, :data, keyword_init: true)

  # Answers a WebhookEvent. +body+ must be the bytes as they came (in Rails: request.raw_post), +headers+ a Hash or Rack's env. +secret+ is
  # the webhook secret, whsec_ included; give an Array of both while one replaces the other.
  def self.verify_webhook(body, headers, secret, tolerance: 300, now: Time.now)
    given = Verification.plain(headers)
    id, stamp, signatures = %w[webhook-id webhook-timestamp webhook-signature].map do |name|
      given.fetch(name) { raise WebhookVerificationError, "The header #{name} is missing" }
    end
    unless stamp.match?(/\A\d{1,15}\z/) && (now.to_i - stamp.to_i).abs <= tolerance
      raise WebhookVerificationError, "It was signed too long ago, or the clocks differ"
    end

    signed = "#{id}.#{stamp}.".b + body.b
    made = Array(secret).map { |one| Verification.standard_key(one) }.reject(&:empty?).map { |key| OpenSSL::HMAC.digest("SHA256", key, signed) }
    sent = signatures.split.select { |one| one.start_with?("v1,") }.map { |one| Verification.decoded(one[3..]) }
    # All are compared, so that the time tells nothing.
    right = made.product(sent).map { |one, other| Verification.same?(one, other) }
    raise WebhookVerificationError, "No signature is right" unless right.include?(true)

    event = Verification.branded(given, "event") || raise(WebhookVerificationError, "The header that names the event is missing")
    WebhookEvent.new(
      event: event, id: id, timestamp: stamp.to_i, sequence: Verification.branded(given, "sequence")&.to_i,
      simulated: Verification.branded(given, "simulated") == "true", data: JSON.parse(body)
    )
  end

  # Whether X-PushGuard-Signature is right. It says nothing of when: verify_webhook does.
  def self.verify_signature(body, signature, secret)
    return false if secret.to_s.empty?

    Verification.same?(OpenSSL::HMAC.hexdigest("SHA512", secret, body), signature.to_s)
  end

  # Whether a buyer who comes back to your return_url was sent by us. Deliver on the webhook, not on this.
  def self.verify_return(url, secret)
    # Ours are the last of their names.
    query = URI.decode_www_form(URI(url).query.to_s).to_h
    verify_signature(query.values_at("order_id", "status", "timestamp").join("."), query["signature"], secret)
  end

  # :nodoc:
  module Verification
    module_function

    # Rack says HTTP_WEBHOOK_ID.
    def plain(headers)
      headers.to_h.each_with_object({}) do |(name, value), all|
        all[name.to_s.downcase.tr("_", "-").delete_prefix("http-")] = value.is_a?(Array) ? value.first : value
      end
    end

    # The operator may have given the headers another brand.
    def branded(headers, name)
      headers.find { |key, _| key.match?(/\Ax-.+-#{name}\z/) }&.last
    end

    # Standard Webhooks: the key is what stands in base64 behind whsec_.
    def standard_key(secret)
      decoded(secret.delete_prefix("whsec_"))
    end

    def decoded(text)
      text.unpack1("m0")
    rescue ArgumentError
      ""
    end

    def same?(one, other)
      one.bytesize == other.bytesize && OpenSSL.fixed_length_secure_compare(one, other)
    end
  end
end
