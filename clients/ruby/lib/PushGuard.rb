# frozen_string_literal: true

require_relative "PushGuard/version"
require_relative "PushGuard/client"
require_relative "PushGuard/generated"
require_relative "PushGuard/webhook_verification"
