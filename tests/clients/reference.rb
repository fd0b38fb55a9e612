# Every Ruby line of the API's reference, as it stands there. tests/clients/check.rb runs them one after another; `# = name` gives a block its
# name. Ids of the reference are replaced by those of things that are there.

# = setup
require 'PushGuard'
PushGuard.api_key = 'api key'
PushGuard.api_email = 'email'

# = pagination
# Page 10
PushGuard::Orders::List(page: 10)
# Page 10 and 50 per page
PushGuard::Orders::List(page: 10, per_page: 50)

# = signature
require 'openssl'
require 'active_support'
secret = 'your webhook secret'
signature = OpenSSL::HMAC.hexdigest(OpenSSL::Digest.new('sha512'), secret, payload.to_json)
is_valid_signature = ActiveSupport::SecurityUtils.secure_compare(request.headers['X-PushGuard-Signature'], signature)
if is_valid_signature
# Webhook is valid
end

# = list blacklist
PushGuard::Blacklist.list

# = get a blacklist
PushGuard::Blacklist.retrieve('bGYSEexV')

# = create a blacklist
PushGuard::Blacklist.create(
blocked_data: 'ZW',
blacklist_type: 3
)

# = update a blacklist
PushGuard::Blacklist.update('bGYSEexV',
blocked_data: 'GR'
)

# = destroy a blacklist
PushGuard::Blacklist.destroy('bGYSEexV')

# = list categories
PushGuard::Categories.list

# = get a category
PushGuard::Categories.retrieve('1dd671f4')

# = create a category
PushGuard::Category.create(
title: 'Demo category',
product_ids: ['100bcf1e']
)

# = update a category
PushGuard::Categories.update('1dd671f4',
title: 'Updated title'
)

# = destroy a category
PushGuard::Categories.destroy('1dd671f4')

# = list orders
PushGuard::Orders.list

# = get an order
PushGuard::Orders.retrieve('d73cf5fc-466d-433e-a109-f8de4d4c70fc')

# = list products
PushGuard::Products.list

# = get a product
PushGuard::Products.retrieve('06e53c79')

# = create a product
PushGuard::Products.create(
title: 'Example product',
description: 'Example description with _markdown_ support',
price: '9.99',
currency: 'USD',
gateways: ['bitcoin', 'ethereum', 'paypal'],
product_type: 2,
info: 'SERIAL1, SERIAL2, SERIAL3',
stock_delimiter: ','
)

# = update a product
PushGuard::Products.update('1a1ffd89',
title: 'Updated title',
price: '19.49',
currency: 'EUR',
gateways: ['paypal', 'stripe']
)

# = destroy a product
PushGuard::Products.destroy('b47e307a7283')

# = list endpoints
PushGuard::Webhooks::Endpoints.list

# = get an endpoint
PushGuard::Webhook::Endpoints.retrieve(1206995986220584961)

# = create an endpoint
PushGuard::Webhooks::Endpoints.create(
url: 'https://example.com/5f68b177',
events: [
'feedback:created',
'order:paid',
'order:updated'
]
)

# = update an endpoint
PushGuard::Webhooks::Endpoints.update(
1206995986220584961,
events: [
'order:created',
'order:paid',
'query:updated'
]
)

# = destroy an endpoint
PushGuard::Webhooks::Endpoints.destroy(1206995986220584961)

# = list logs
PushGuard::Webhooks::Logs.list

# = get a log
PushGuard::Webhook::Log.retrieve('67bLhmkZ')

# = create a payment
PushGuard::Pay.create(
title: 'PushGuard Pay Example',
gateway: 'Bitcoin',
value: 10.00,
currency: 'USD',
return_url: 'https://website.com/return'
)

# = create a white-label payment
PushGuard::Pay.create(
title: 'PushGuard Pay Example',
gateway: 'Bitcoin',
value: 10.00,
currency: 'USD',
white_label: true
)

# = destroy a payment
PushGuard::Pay.destroy('81971eae19ff0924026d7b2a7502b20372c15df5')
