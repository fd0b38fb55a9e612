//! What is said of a key before any of its numbers are looked at: which addresses it makes, and why it is refused.

/// The kind of address a wallet watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScriptKind {
    /// Native segwit (BIP 84), `bc1q…`.
    P2wpkh,
    /// Segwit inside P2SH (BIP 49), `3…`.
    P2shP2wpkh,
}

/// Why a key or an address was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// It is, or looks like, a private key. It must not be stored, logged or shown.
    Private,
    /// A letter was mistyped.
    Checksum,
    /// An extended key of another coin or of a multisig wallet.
    UnknownVersion,
    /// No extended key at all, or one whose parts contradict one another.
    Malformed,
    /// A descriptor of addresses that aren't P2WPKH or P2SH-P2WPKH of one key.
    Script,
    /// A descriptor whose addresses aren't the children of child 0.
    Path,
    /// A test network's key where real money is taken.
    WrongNetwork,
    /// An index of 2³¹ or more: a public key has no such child.
    Hardened,
    /// One index in 2¹²⁷ has no key (BIP 32); the next one does.
    NoSuchChild,
}
