package main

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/hex"
)

// IsOurs takes the bytes as they came, the header, and whsec_…, all of it.
func IsOurs(body []byte, signature, secret string) bool {
	sent, err := hex.DecodeString(signature)
	if err != nil {
		return false
	}
	mac := hmac.New(sha512.New, []byte(secret))
	mac.Write(body)
	return hmac.Equal(sent, mac.Sum(nil))
}
