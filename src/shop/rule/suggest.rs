//! The name that somebody may have meant.

/// The known name with the fewest letters wrong, if those are about a third of the part after the point.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    // A long word is no slip of the pen, and the distance takes the product of both lengths.
    if word.chars().count() > 64 {
        return None;
    }
    // Two of five, because people swap letters.
    let most = ((last(&word).chars().count() + 1) / 3).clamp(1, 3);
    let distances = known.map(|name| (distance(&word, name), name));
    distances.filter(|(distance, _)| *distance <= most).min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

/// What else somebody may have meant by the name of a field: `email` and `buyer.emial` mean `customer.email`,
/// `customer.country` means `customer.country_code`, `customer.email_address` means `customer.email`.
pub fn related<'a>(word: &str, known: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    let part = nearest(last(word), known.clone().map(last));
    let by_part = known.clone().find(|name| Some(last(name)) == part);
    let longer = || known.clone().find(|name| name.starts_with(word));
    let shorter = || known.clone().filter(|name| word.starts_with(name)).max_by_key(|name| name.len());
    by_part.or_else(longer).or_else(shorter)
}

fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// Letters to add, drop or change.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(b.chars()) {
            let above = *cell;
            left = (diagonal + usize::from(x != y)).min(above + 1).min(left + 1);
            diagonal = std::mem::replace(cell, left);
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}
