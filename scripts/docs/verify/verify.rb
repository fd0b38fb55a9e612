require "openssl"

# body: the bytes as they came. signature: the header. secret: whsec_…, all of it.
def ours?(body, signature, secret)
  made = OpenSSL::HMAC.hexdigest("SHA512", secret, body)
  sent = signature.to_s
  sent.bytesize == made.bytesize && OpenSSL.fixed_length_secure_compare(sent, made)
end
