# frozen_string_literal: true

# Programs of Selly's gem go on as they are: Selly.api_key=, Selly::Orders.list, …
require_relative "PushGuard"

Selly = PushGuard unless defined?(Selly)
