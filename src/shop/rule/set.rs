//! Sets, kept so that a value is found by halving.

/// Texts, each once, in their order.
#[derive(Clone, Debug)]
pub struct Texts(Vec<String>);

impl Texts {
    pub fn new(mut texts: Vec<String>) -> Texts {
        texts.sort_unstable();
        texts.dedup();
        Texts(texts)
    }

    pub fn contains(&self, text: &str) -> bool {
        self.0.binary_search_by(|known| known.as_str().cmp(text)).is_ok()
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// Ranges with both their ends, none of which touches another's inside. A single item is a range from itself to itself.
#[derive(Clone, Debug)]
pub struct Ranges<T>(Vec<(T, T)>);

impl<T: Ord + Copy> Ranges<T> {
    pub fn new(mut ranges: Vec<(T, T)>) -> Ranges<T> {
        ranges.sort_unstable();
        let mut apart: Vec<(T, T)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match apart.last_mut() {
                Some((_, end)) if first <= *end => *end = last.max(*end),
                _ => apart.push((first, last)),
            }
        }
        Ranges(apart)
    }

    pub fn contains(&self, item: T) -> bool {
        let after = self.0.partition_point(|(first, _)| *first <= item);
        after.checked_sub(1).and_then(|at| self.0.get(at)).is_some_and(|(_, last)| item <= *last)
    }

    pub fn iter(&self) -> impl Iterator<Item = (T, T)> {
        self.0.iter().copied()
    }
}
