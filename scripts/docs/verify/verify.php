<?php
// $body: the bytes as they came. $signature: the header. $secret: whsec_…, all of it.
function is_ours(string $body, ?string $signature, string $secret): bool
{
    return hash_equals(hash_hmac('sha512', $body, $secret), (string) $signature);
}
