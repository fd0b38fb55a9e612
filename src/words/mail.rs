//! Words of the mails.

words! {
    pub struct Mail in "mail" {
    }
}
