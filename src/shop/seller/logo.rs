//! A shop's logo, in a row of its own: an upload's place is a row with an id.

use crate::{
    platform::{Fault, Row, Statement},
    shop::{
        App, Outcome,
        account::Account,
        upload::{self, Upload},
    },
};

pub const TABLE: &str = "logos";
/// The row's id; an account has one.
pub const ID: &str = "logo";

/// Makes the row, which an upload needs.
pub async fn begin(app: &App, account: &Account) -> Outcome<()> {
    let insert = "INSERT INTO logos (account_id, id, updated_at) SELECT ?1, ?2, ?3 WHERE true ON CONFLICT (account_id) DO NOTHING";
    let insert = Statement::new(insert, vec![account.id.into(), ID.into(), app.now().into()]);
    account.db(app)?.commit(vec![insert]).await?;
    Ok(())
}

pub fn of(account_id: i64) -> Statement {
    Statement::new(
        "SELECT image_id, image_size, image_type, image_name, image_width, image_height FROM logos WHERE account_id = ?1",
        vec![account_id.into()],
    )
}

pub fn read(rows: &[Row]) -> Result<Option<Upload>, Fault> {
    rows.first().map_or(Ok(None), |row| row.read(upload::read_image))
}
