//! Reads the imports of a crate out of its sources: every path of its own modules, in `use` lines, in code, in macros and in
//! attributes, and the file that each leads to.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
};

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::{
    Attribute, Item, ItemMod, ItemUse, Meta, Path, UseTree,
    visit::{self, Visit},
};

/// A file names something of another: the first place at which it does.
pub struct Arrow {
    pub from: String,
    pub to: String,
    pub from_room: String,
    pub to_room: String,
    /// From a file to the module that it is a part of.
    pub is_to_ancestor: bool,
    line: usize,
    path: String,
}

impl fmt::Display for Arrow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} → {} ({})", self.from, self.line, self.to, self.path)
    }
}

/// A file names a crate, or something else that is none of ours.
pub struct Named {
    pub file: String,
    pub line: usize,
    pub name: String,
}

pub struct House {
    files: Vec<File>,
    pub arrows: Vec<Arrow>,
    pub crates: Vec<Named>,
}

/// The path of a module or of an item from the crate's root.
type Place = Vec<String>;

/// One source file.
struct File {
    name: String,
    module: Place,
    /// Its `mod` lines.
    children: Vec<String>,
    found: Vec<Found>,
    /// What `use` lines bring in, by the name here; with the module they stand in.
    brought: HashMap<(Place, String), Place>,
}

/// A path as it is written.
struct Found {
    /// The module in which it stands: the file's, or one inside of it.
    module: Place,
    words: Vec<String>,
    line: usize,
    is_use: bool,
}

impl House {
    /// `sources`: names from the project's root, and texts.
    pub fn read(sources: &[(String, String)]) -> House {
        let files: Vec<File> = sources.iter().filter_map(|(name, text)| File::read(name, text)).collect();
        let mut house = House { files, arrows: Vec::new(), crates: Vec::new() };
        let modules: BTreeMap<&[String], usize> =
            house.files.iter().enumerate().map(|(at, file)| (file.module.as_slice(), at)).collect();
        let (mut arrows, mut crates) = (Vec::new(), Vec::new());
        let mut seen = BTreeSet::new();
        for file in &house.files {
            // What lib.rs, and the shop's, hand on is no import of theirs.
            let hands_on = file.is_root();
            for found in file.found.iter().filter(|found| !(found.is_use && hands_on)) {
                let Some(place) = file.place(found) else {
                    let name = found.words[0].clone();
                    crates.push(Named { file: file.name.clone(), line: found.line, name });
                    continue;
                };
                let Some(to) = house.leads_to(&modules, &place, 0) else { continue };
                if to.name == file.name || !seen.insert((&file.name, &to.name)) {
                    continue;
                }
                arrows.push(Arrow {
                    from: file.name.clone(),
                    to: to.name.clone(),
                    from_room: file.room(),
                    to_room: to.room(),
                    is_to_ancestor: file.module.starts_with(&to.module),
                    line: found.line,
                    path: found.words.join("::"),
                });
            }
        }
        (house.arrows, house.crates) = (arrows, crates);
        house
    }

    /// The rooms, lowest first: the modules of lib.rs, with the shop's nouns after the shop.
    pub fn order(&self) -> Vec<String> {
        let children = |module: &[&str]| {
            let file = self.files.iter().find(|file| file.module == module);
            file.map(|file| file.children.clone()).unwrap_or_default()
        };
        let mut order = Vec::new();
        for room in children(&[]) {
            let nouns: Vec<String> = match room.as_str() {
                "shop" => children(&["shop"]).iter().map(|noun| format!("shop::{noun}")).collect(),
                _ => Vec::new(),
            };
            order.push(room);
            order.extend(nouns);
        }
        order
    }

    /// The dialect that a file belongs to: a module of `src/api/` that has a folder.
    pub fn dialect<'a>(&self, file: &'a str) -> Option<&'a str> {
        let name = file.strip_prefix("src/api/")?.split(['/', '.']).next()?;
        let folder = format!("src/api/{name}/");
        self.files.iter().any(|file| file.name.starts_with(&folder)).then_some(name)
    }

    /// The file that has what is at a place. What a module brought in from elsewhere is found there.
    fn leads_to(&self, modules: &BTreeMap<&[String], usize>, place: &[String], depth: usize) -> Option<&File> {
        // The longest beginning that is a module; lib.rs is the shortest.
        let length = (0..=place.len()).rev().find(|length| modules.contains_key(&place[..*length]))?;
        let file = &self.files[modules[&place[..length]]];
        let Some(next) = place.get(length) else { return Some(file) };
        match file.brought.get(&(file.module.clone(), next.clone())) {
            Some(elsewhere) if depth < 8 => {
                let place = [elsewhere.as_slice(), &place[length + 1..]].concat();
                self.leads_to(modules, &place, depth + 1)
            }
            _ => Some(file),
        }
    }
}

impl File {
    /// `None` for a module of tests.
    fn read(name: &str, text: &str) -> Option<File> {
        let mut module: Place = name.strip_prefix("src/")?.strip_suffix(".rs")?.split('/').map(str::to_owned).collect();
        match module.last()?.as_str() {
            "tests" => return None,
            "mod" | "lib" => drop(module.pop()),
            _ => {}
        }
        let parsed = syn::parse_file(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut reader = Reader { module: module.clone(), found: Vec::new(), uses: Vec::new() };
        reader.visit_file(&parsed);
        let children = parsed.items.iter().filter_map(|item| match item {
            Item::Mod(inner) if inner.content.is_none() && !is_test(&inner.attrs) => Some(inner.ident.to_string()),
            _ => None,
        });
        let mut file = File {
            name: name.to_owned(),
            module,
            children: children.collect(),
            found: Vec::new(),
            brought: HashMap::new(),
        };
        let uses = reader.uses.into_iter().map(|(name, found)| (Some(name), found));
        for (name, found) in uses.chain(reader.found.into_iter().map(|found| (None, found))) {
            if let Some(name) = name {
                let place = file.place(&found);
                file.brought.extend(place.map(|place| ((found.module.clone(), name), place)));
            }
            file.found.push(found);
        }
        Some(file)
    }

    /// Where a path leads, from the crate's root. `None` for another crate's.
    fn place(&self, found: &Found) -> Option<Place> {
        let first = found.words.first()?.as_str();
        let rest = found.words.get(1..).unwrap_or_default();
        let mut place = match first {
            "crate" => Vec::new(),
            "self" => found.module.clone(),
            "super" => {
                let ups = found.words.iter().take_while(|word| *word == "super").count();
                let kept = found.module.len().checked_sub(ups)?;
                let rest = found.words.get(ups..).unwrap_or_default();
                return Some([found.module.get(..kept)?, rest].concat());
            }
            _ if self.module == found.module && self.children.iter().any(|child| child == first) => {
                [self.module.as_slice(), &[first.to_owned()]].concat()
            }
            _ => self.brought.get(&(found.module.clone(), first.to_owned()))?.clone(),
        };
        place.extend_from_slice(rest);
        Some(place)
    }

    /// A file that has only the rooms' `mod` lines, and hands on names of theirs.
    fn is_root(&self) -> bool {
        self.module.is_empty() || self.module == ["shop"]
    }

    fn room(&self) -> String {
        match self.module.as_slice() {
            [app, noun, ..] if app == "shop" => format!("shop::{noun}"),
            [room, ..] => room.clone(),
            [] => "lib".to_owned(),
        }
    }
}

/// Collects the paths of a file.
struct Reader {
    module: Place,
    found: Vec<Found>,
    /// By the name that each has here.
    uses: Vec<(String, Found)>,
}

impl Reader {
    fn found(&mut self, words: Vec<String>, line: usize) {
        self.found.push(Found { module: self.module.clone(), words, line, is_use: false });
    }

    fn tree(&mut self, tree: &UseTree, mut words: Vec<String>) {
        let mut leaf = |ident: &Ident, name: &Ident, mut words: Vec<String>| {
            if ident != "self" || words.is_empty() {
                words.push(ident.to_string());
            }
            let name = if name == "self" { words.last().cloned().unwrap_or_default() } else { name.to_string() };
            let line = ident.span().start().line;
            self.uses.push((name, Found { module: self.module.clone(), words, line, is_use: true }));
        };
        match tree {
            UseTree::Path(path) => {
                words.push(path.ident.to_string());
                self.tree(&path.tree, words);
            }
            UseTree::Name(name) => leaf(&name.ident, &name.ident, words),
            UseTree::Rename(name) => leaf(&name.ident, &name.rename, words),
            UseTree::Glob(star) => {
                let line = star.star_token.spans[0].start().line;
                self.uses.push(("*".to_owned(), Found { module: self.module.clone(), words, line, is_use: true }));
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.tree(tree, words.clone())),
        }
    }

    /// The paths of what a macro is given, which is no Rust yet.
    fn tokens(&mut self, tokens: TokenStream) {
        let (mut words, mut line, mut colons) = (Vec::new(), 0, 0);
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.path_of_macro(&mut words, line);
                    }
                    if words.is_empty() {
                        line = ident.span().start().line;
                    }
                    words.push(ident.to_string());
                    colons = 0;
                    continue;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' && colons < 2 => {
                    colons += 1;
                    continue;
                }
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
            self.path_of_macro(&mut words, line);
            colons = 0;
        }
        self.path_of_macro(&mut words, line);
    }

    fn path_of_macro(&mut self, words: &mut Vec<String>, line: usize) {
        let words = std::mem::take(words);
        if words.len() > 1 {
            self.found(words, line);
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        let tested = match item {
            Item::Mod(inner) => is_test(&inner.attrs),
            Item::Fn(inner) => is_test(&inner.attrs),
            Item::Impl(inner) => is_test(&inner.attrs),
            Item::Use(inner) => is_test(&inner.attrs),
            _ => false,
        };
        if !tested {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, inner: &'ast ItemMod) {
        self.module.push(inner.ident.to_string());
        visit::visit_item_mod(self, inner);
        self.module.pop();
    }

    fn visit_item_use(&mut self, line: &'ast ItemUse) {
        self.tree(&line.tree, Vec::new());
    }

    fn visit_path(&mut self, path: &'ast Path) {
        let words: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if words.len() > 1
            && let Some(first) = path.segments.first()
        {
            self.found(words, first.ident.span().start().line);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let Meta::List(list) = &attribute.meta {
            self.tokens(list.tokens.clone());
        }
        visit::visit_attribute(self, attribute);
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        _ => false,
    })
}
