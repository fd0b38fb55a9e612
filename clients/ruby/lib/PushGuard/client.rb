# frozen_string_literal: true

require "erb"
require "json"
require "net/http"
require "securerandom"
require "time"
require "uri"

# The API of one account of a deployment.
module PushGuard
  # Any answer that isn't a success. +status+ 0 means that none came.
  class Error < StandardError
    attr_reader :status, :errors, :body, :request_id, :retry_after

    def initialize(message, status: 0, body: {}, headers: {})
      super(message)
      @status = status
      # The answer, where it was JSON.
      @body = body
      # The sentences of a validation that failed.
      @errors = Array(body["errors"])
      # Send it along when you ask the operator.
      @request_id = headers["x-request-id"]
      # Seconds after which it may work.
      @retry_after = headers["retry-after"]&.then { |text| Integer(text, 10, exception: false) }
    end
  end

  # 400: +errors+ says what is wrong with which field.
  class ValidationError < Error; end
  # 401: the e-mail or the API key is wrong.
  class AuthenticationError < Error; end
  # 404: no such object in this account.
  class NotFoundError < Error; end
  # 429: +retry_after+ says when.
  class RateLimitError < Error; end
  # The request may have been done, or not. Repeat it with the same idempotency_key.
  class NoAnswerError < Error; end

  # A page of a list: an Array, with where it stands.
  class Page < Array
    attr_accessor :page, :per_page, :total_pages, :total_count
  end

  # Where the gem's reference was. Your own deployment's address goes here.
  DEFAULT_API_BASE = "https://pushguard.net/api/v2"

  @retries = 2
  @timeout = 30

  class << self
    attr_accessor :api_key, :api_email
    # How often a request is sent again that got no answer, or one that may pass; seconds for one try.
    attr_accessor :retries, :timeout
    attr_writer :api_base

    def api_base
      @api_base || ENV.fetch("PUSHGUARD_API_BASE", DEFAULT_API_BASE)
    end
  end

  # One request, and its retries.
  class Client
    MAY_PASS = [429, 502, 503, 504].freeze
    # Seconds: no wait before another try is longer, whatever Retry-After says. Beyond it the caller decides.
    LONGEST_WAIT = 20
    KINDS = { 400 => ValidationError, 401 => AuthenticationError, 404 => NotFoundError, 429 => RateLimitError }.freeze
    METHODS = { "GET" => Net::HTTP::Get, "POST" => Net::HTTP::Post, "PUT" => Net::HTTP::Put, "DELETE" => Net::HTTP::Delete }.freeze
    NO_ANSWER = [SystemCallError, SocketError, IOError, Timeout::Error, OpenSSL::SSL::SSLError, Net::ProtocolError].freeze

    def initialize(method, path, query: nil, json: nil, content: nil, content_type: nil, keyed: false, idempotency_key: nil)
      raise ArgumentError, "PushGuard.api_key is missing" if PushGuard.api_key.to_s.empty?
      raise ArgumentError, "PushGuard.api_email is missing" if PushGuard.api_email.to_s.empty?

      @method = method
      @path = path
      # A POST without a key might be done twice.
      @tries = method == "POST" && !keyed ? 1 : 1 + PushGuard.retries
      @uri = address(path, query)
      @headers = { "Accept" => "application/json, */*;q=0.5", "User-Agent" => "PushGuard-Ruby/#{VERSION}" }
      @headers["Idempotency-Key"] = idempotency_key || SecureRandom.uuid if keyed
      body(json, content, content_type)
    end

    # Answers the response, or raises its error.
    def send
      (1..@tries).each do |tried|
        response = ask
        return response if response.is_a?(Net::HTTPSuccess)
        # Destroyed by an earlier try, whose answer was lost.
        return response if @method == "DELETE" && response.code == "404" && tried > 1

        error = error_of(response)
        raise error if tried == @tries || !may_pass?(error)

        sleep(pause(tried, error.retry_after))
      rescue *NO_ANSWER => e
        raise NoAnswerError, "No answer to #{@method} #{@path}: #{e.message}" if tried == @tries

        sleep(pause(tried, nil))
      end
    end

    private

    def address(path, query)
      base = PushGuard.api_base.sub(%r{/+\z}, "")
      base += "/api/v2" unless base.end_with?("/api/v2")
      uri = URI(base + path)
      given = (query || {}).compact.transform_values { |value| value.respond_to?(:iso8601) ? value.iso8601 : value }
      uri.query = URI.encode_www_form(given) unless given.empty?
      uri
    end

    def body(json, content, content_type)
      if content
        @body = content.respond_to?(:read) ? content.read : content
        @headers["Content-Type"] = content_type
      elsif json
        @body = JSON.generate(json)
        @headers["Content-Type"] = "application/json"
      end
    end

    def ask
      request = METHODS.fetch(@method).new(@uri, @headers)
      request.basic_auth(PushGuard.api_email, PushGuard.api_key)
      request.body = @body if @body
      limits = { open_timeout: PushGuard.timeout, read_timeout: PushGuard.timeout, write_timeout: PushGuard.timeout, max_retries: 0 }
      Net::HTTP.start(@uri.hostname, @uri.port, use_ssl: @uri.scheme == "https", **limits) { |http| http.request(request) }
    end

    def error_of(response)
      body = begin
        JSON.parse(response.body.to_s)
      rescue JSON::ParserError
        {}
      end
      body = {} unless body.is_a?(Hash)
      status = response.code.to_i
      message = body["message"] || "The answer was #{status}"
      message = "#{message}: #{body["errors"].join(". ")}" if body["errors"].is_a?(Array)
      KINDS.fetch(status, Error).new(message, status: status, body: body, headers: response)
    end

    def may_pass?(error)
      MAY_PASS.include?(error.status) && (error.retry_after || 0) <= LONGEST_WAIT
    end

    # Seconds: what the answer asks for, or half a second, one, two, each by a chance of its own.
    def pause(tried, retry_after)
      retry_after || (0.5 * (2**(tried - 1)) * (0.5 + (rand / 2)))
    end
  end

  # What the modules of the resources have in common.
  module Resource
    private

    def call(method, path, answer:, **request)
      response = Client.new(method, path, **request).send
      case answer
      when :json then JSON.parse(response.body)
      when :list then page_of(response)
      when :text then response.body.dup.force_encoding(Encoding::UTF_8)
      when :bytes then response.body
      end
    end

    def page_of(response)
      page = Page.new(JSON.parse(response.body))
      page.page, page.per_page, page.total_pages, page.total_count =
        %w[x-current-page x-items-per-page x-total-pages x-total-count].map { |name| response[name].to_i }
      page
    end

    def pages(query, &block)
      return enum_for(:pages, query) unless block

      (1..).each do |number|
        page = list(query.merge(page: number))
        page.each(&block)
        break if page.empty? || number >= page.total_pages
      end
    end

    def both(fields, more)
      (fields || {}).to_h.merge(more)
    end

    # Ids may be numbers, as in the reference.
    def escape(id)
      raise ArgumentError, "the id is missing" if id.to_s.empty?

      ERB::Util.url_encode(id.to_s)
    end
  end
end
