//! Scenario files mutated at random: whatever comes in, the answer is clean errors at places that exist, never a panic.
//!
//! Each file comes from a seed that a failure prints. The few of `cargo test` are the first of the 10,000 that
//! `cargo test --test mutations -- --ignored` tries.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use hyper_conform::Suite;
use walkdir::WalkDir;

/// The first seed; every mutation has the next one.
const SEED: u64 = 20_261_124;
/// What cargo test tries.
const FEW: u64 = 300;
/// What is tried before a change is merged.
const MANY: u64 = 10_000;
/// How deep a mutation nests at most: far more than a stack holds, one frame a level.
const NESTED_MAX: usize = 30_000;
/// Larger files cost more and show no more.
const FILE_BYTES_MAX: usize = 3_000;

/// Bytes that mean something to YAML, to the language, or to a reader of UTF-8.
const SPLICES: [&str; 20] = [
    "\t",
    "\u{feff}",
    "\u{0}",
    "\u{7f}",
    "é",
    "𝄞",
    "\r\n",
    "$(",
    "$$(",
    "&a ",
    "*a",
    "!t ",
    "<<: ",
    "- ",
    ": ",
    " #",
    "|",
    "\"",
    "99999999999999999999999999",
    "1e999",
];

/// A xorshift generator: the same numbers on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides.max(1)).unwrap_or(1)).unwrap_or(0)
    }

    fn place(&mut self, text: &str) -> usize {
        let at = self.roll(text.len() + 1);
        text.floor_char_boundary(at)
    }
}

fn files() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("scenarios");
    let walk =
        WalkDir::new(root).sort_by_file_name().into_iter().filter_map(Result::ok).map(walkdir::DirEntry::into_path);
    let yaml = walk.filter(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    let texts = yaml.filter_map(|path| fs::read_to_string(path).ok()).filter(|text| text.len() <= FILE_BYTES_MAX);
    // A file that stands alone names no requirements.
    let alone = |text: String| -> String {
        text.split_inclusive('\n').filter(|line| !line.trim_start().starts_with("requirements:")).collect()
    };
    texts.map(alone).filter(|text| Suite::of_text(text).is_ok()).collect()
}

fn mutate(text: &mut String, dice: &mut Dice) {
    let (a, b) = (dice.place(text), dice.place(text));
    let (from, to) = (a.min(b), a.max(b));
    let near = text.ceil_char_boundary((from + dice.roll(9)).min(text.len()));
    match dice.roll(8) {
        0 => text.replace_range(from..near, ""),
        1 => text.insert_str(from, SPLICES[dice.roll(SPLICES.len())]),
        2 => text.replace_range(from..near, SPLICES[dice.roll(SPLICES.len())]),
        3 => line(text, dice, |line, _| format!("{line}{line}")),
        4 => line(text, dice, |_, _| String::new()),
        5 => line(text, dice, |line, dice| format!("{}{}", " ".repeat(dice.roll(7)), line.trim_start())),
        6 => text.insert_str(from, &["[", "{a: ", "- "][dice.roll(3)].repeat(dice.roll(NESTED_MAX))),
        _ => {
            let part = text[from..to].to_owned();
            text.insert_str(near.min(text.len()), &part);
        }
    }
}

/// Puts another line in the place of one.
fn line(text: &mut String, dice: &mut Dice, make: impl Fn(&str, &mut Dice) -> String) {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let at = dice.roll(lines.len());
    let with = lines.get(at).map(|line| make(line, dice)).unwrap_or_default();
    *text = lines.iter().enumerate().map(|(index, line)| if index == at { with.as_str() } else { line }).collect();
}

/// What is wrong with the answer to this file.
fn check(text: &str) -> Result<usize, String> {
    let problems = catch_unwind(AssertUnwindSafe(|| Suite::of_text(text).err().unwrap_or_default()))
        .map_err(|_| "it panics".to_owned())?;
    for problem in &problems {
        let span = &problem.span;
        if span.source.text != text {
            return Err(format!("`{}` speaks of another file", problem.title));
        }
        if span.start > text.len() || !text.is_char_boundary(span.start) {
            return Err(format!("`{}` is at byte {}, which is no place in the file", problem.title, span.start));
        }
        let (number, _) = span.source.line_column(span.start);
        let shown =
            catch_unwind(AssertUnwindSafe(|| problem.render(false))).map_err(|_| "drawing it panics".to_owned())?;
        if !shown.contains(&format!("text.yaml:{number}:")) {
            return Err(format!("`{}` names another line than {number}:\n{shown}", problem.title));
        }
    }
    Ok(problems.len())
}

fn run(count: u64) {
    let files = files();
    assert!(!files.is_empty(), "there is nothing to mutate");
    let mut refused = 0_usize;
    for seed in SEED..SEED + count {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut text = files[dice.roll(files.len())].clone();
        for _ in 0..=dice.roll(3) {
            mutate(&mut text, &mut dice);
        }
        match check(&text) {
            Ok(problems) => refused += usize::from(problems > 0),
            Err(wrong) => panic!("seed {seed}: {wrong}\n--- the file:\n{text}"),
        }
    }
    assert!(refused > 0, "no mutation was noticed, so nothing was tried");
    eprintln!("{count} mutations from seed {SEED}: {refused} refused with clean errors");
}

#[test]
fn a_few_mutated_files_have_clean_errors() {
    run(FEW);
}

#[test]
#[ignore = "takes up to a minute; .ci/run runs it"]
fn many_mutated_files_have_clean_errors() {
    run(MANY);
}
