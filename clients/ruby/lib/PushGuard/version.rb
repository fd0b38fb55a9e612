# frozen_string_literal: true

module PushGuard
  VERSION = "0.1.0"
end
