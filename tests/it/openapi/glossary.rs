//! The words of the specification, from `glossary.md`: what no program can know. Everything that was observed needs its
//! sentence there, and every sentence there needs something that was observed.

use std::{cell::RefCell, collections::BTreeSet};

/// A first-level heading and what stands under it.
#[derive(Default)]
pub struct Section {
    pub title: String,
    /// Objects that are named in the specification: name, first fields, and whether others follow.
    pub objects: Vec<(String, Vec<String>, bool)>,
    pub about: String,
    words: Vec<(String, String)>,
    pub operations: Vec<Operation>,
}

#[derive(Default)]
pub struct Operation {
    /// `POST /pay`
    pub name: String,
    pub summary: String,
    pub about: String,
}

pub struct Glossary {
    pub sections: Vec<Section>,
    used: RefCell<BTreeSet<String>>,
    lacking: RefCell<BTreeSet<String>>,
}

/// Its words hold for every noun that has none of its own.
const EVERYWHERE: &str = "Everywhere";

impl Glossary {
    pub fn read(markdown: &str) -> Glossary {
        let mut sections: Vec<Section> = Vec::new();
        for line in markdown.lines() {
            if let Some(heading) = line.strip_prefix("# ") {
                sections.push(Section::headed(heading));
                continue;
            }
            let section = sections.last_mut().expect("the glossary begins with a heading");
            if let Some(heading) = line.strip_prefix("## ") {
                let (name, summary) = heading.split_once(": ").unwrap_or_else(|| panic!("no summary: {heading}"));
                section.operations.push(Operation { name: name.into(), summary: summary.into(), about: String::new() });
            } else if let Some((name, words)) = line.strip_prefix("- `").and_then(|rest| rest.split_once("`: ")) {
                section.words.push((name.into(), words.into()));
            } else if let Some((_, words)) = section.words.last_mut().filter(|_| line.starts_with("  ")) {
                words.push(' ');
                words.push_str(line.trim());
            } else {
                let about = section.operations.last_mut().map_or(&mut section.about, |operation| &mut operation.about);
                about.push_str(line);
                about.push('\n');
            }
        }
        for section in &mut sections {
            section.about = section.about.trim().into();
            for operation in &mut section.operations {
                operation.about = operation.about.trim().into();
            }
        }
        Glossary { sections, used: RefCell::default(), lacking: RefCell::default() }
    }

    fn section(&self, title: &str) -> &Section {
        let found = self.sections.iter().find(|section| section.title == title);
        found.unwrap_or_else(|| panic!("the glossary has no section {title}"))
    }

    pub fn about(&self, title: &str) -> &str {
        self.used.borrow_mut().insert(format!("# {title}"));
        &self.section(title).about
    }

    /// The section and the words of an operation, `POST /pay`.
    pub fn operation(&self, name: &str) -> Option<(&Section, &Operation)> {
        let all = self.sections.iter().flat_map(|section| section.operations.iter().map(move |op| (section, op)));
        let found = all.into_iter().find(|(_, operation)| operation.name == name);
        match found {
            Some((section, _)) => {
                self.used.borrow_mut().insert(format!("# {}", section.title));
                self.used.borrow_mut().insert(format!("## {name}"));
            }
            None => {
                self.lacking.borrow_mut().insert(format!("## {name}: …"));
            }
        }
        found
    }

    /// The sentence of a field: under its whole path, `gateways.bitcoin.xpub`, or its own name; of this noun, or everywhere.
    pub fn word(&self, title: &str, path: &str) -> Option<String> {
        let own = path.rsplit('.').next().unwrap_or(path);
        for (title, name) in [(title, path), (title, own), (EVERYWHERE, own)] {
            if let Some((_, words)) = self.section(title).words.iter().find(|(known, _)| known == name) {
                self.used.borrow_mut().insert(format!("# {title} `{name}`"));
                return Some(words.clone());
            }
        }
        self.lacking.borrow_mut().insert(format!("# {title}: - `{path}`: …"));
        None
    }

    /// What the glossary lacks and what it says of nothing; both are empty when all is well.
    pub fn faults(&self) -> (Vec<String>, Vec<String>) {
        let used = self.used.borrow();
        let mut stale = Vec::new();
        for section in &self.sections {
            let words = section.words.iter().map(|(name, _)| format!("# {} `{name}`", section.title));
            let operations = section.operations.iter().map(|operation| format!("## {}", operation.name));
            stale.extend(words.chain(operations).filter(|key| !used.contains(key)));
        }
        (self.lacking.borrow().iter().cloned().collect(), stale)
    }
}

impl Section {
    /// `Orders: Order(id, product_id, …)`
    fn headed(heading: &str) -> Section {
        let (title, objects) = heading.split_once(": ").unwrap_or((heading, ""));
        let objects = objects.split_terminator(')').map(|object| {
            let (name, fields) = object.split_once('(').unwrap_or_else(|| panic!("no fields: {object}"));
            let mut fields: Vec<String> = fields.split(',').map(|field| field.trim().to_owned()).collect();
            let more = fields.last().is_some_and(|field| field == "…");
            fields.truncate(fields.len() - usize::from(more));
            (name.trim_start_matches([',', ' ']).to_owned(), fields, more)
        });
        Section { title: title.to_owned(), objects: objects.collect(), ..Section::default() }
    }
}
