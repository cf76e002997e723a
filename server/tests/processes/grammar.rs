//! Statements made from a grammar of Hyper's SQL, with whatever can be thrown between and around their words.

use crate::random::Random;

const BLANKS: [&str; 8] = [" ", "\n", "\t", "/**/", " /* x */ ", " --c\n", "\r\n", " /* ' */"];
/// What Hyper takes for blanks too, and what it does not.
const ODD: [&str; 9] =
    [" \u{a0}", " \u{2003}", " \u{3000}", "\n\u{feff}", "\t\u{2028}", " \u{200b} ", "\u{200f}", "\u{85}", " \u{202e}"];
const NAMES: [&str; 8] = [
    "t",
    "\"t\"",
    "public . t",
    "local . public . t",
    "lake . public . t",
    "\"lake\" . \"public\" . \"t\"",
    "lake . public . u",
    "LAKE . Public . T",
];
const CALLS: [&str; 9] = [
    "set_config ( 'date_style' , 'DMY' , false )",
    "pg_catalog . set_config ( 'date_style' , 'DMY' , false )",
    "\"set_config\" ( 'date_style' , 'DMY' , false )",
    "SET_CONFIG ( 'query_timeout' , '77777' , false )",
    "U&\"\\0073et_config\" ( 'date_style' , 'DMY' , false )",
    "current_setting ( 'date_style' )",
    "lower ( 'A' )",
    "raw_sql_function ( 'set_config(''date_style'',''DMY'',false)' )",
    "current_database ( )",
];

/// A statement; `folder` has a file `in.csv` and whatever is written.
pub(crate) fn statement(dice: &mut Random, folder: &str) -> String {
    let mut text = plain(dice, folder, 2);
    if dice.one_in(8) {
        text = wrapped(dice, &text);
    }
    let mut words: Vec<&str> = text.split(' ').collect();
    if dice.one_in(10) {
        let at = dice.index(words.len());
        match dice.index(3) {
            0 if words.len() > 1 => drop(words.remove(at)),
            0 | 1 => words.insert(at, words[at]),
            _ => {
                let other = dice.index(words.len());
                words.swap(at, other);
            }
        }
    }
    // One of them is enough to hide a word; more would only make the statement unreadable to Hyper as well.
    let odd = if dice.one_in(2) { dice.index(words.len()) } else { words.len() };
    let mut written = String::new();
    for (at, word) in words.into_iter().enumerate() {
        written.push_str(&cased(dice, word));
        written.push_str(if at == odd { dice.pick(&ODD) } else { blank(dice) });
    }
    written
}

fn blank(dice: &mut Random) -> &'static str {
    if dice.one_in(3) { dice.pick(&BLANKS) } else { " " }
}

fn cased(dice: &mut Random, word: &str) -> String {
    // Strings, quoted names and aliases are what they are.
    if word.contains(['\'', '"', '/']) || !dice.one_in(3) { word.to_owned() } else { word.to_lowercase() }
}

fn wrapped(dice: &mut Random, text: &str) -> String {
    match dice.index(6) {
        0 => format!("( {text} )"),
        1 => format!("SELECT * FROM ( {text} ) x"),
        2 => format!("WITH x AS ( {text} ) SELECT * FROM x"),
        3 => format!("{text} ; {}", "DELETE FROM lake . public . t"),
        4 => format!("SELECT E'\\'' , '{}' , $q$ ' $q$ ; {text}", "\\"),
        _ => format!("{text} ;"),
    }
}

fn target(dice: &mut Random) -> String {
    let name = dice.pick(&NAMES);
    match dice.index(8) {
        0 => format!("ONLY {name}"),
        1 | 2 => format!("ONLY ( {name} )"),
        3 => format!("( {name} )"),
        4 => format!("{name} *"),
        5 => format!("ONLY ( ( {name} ) )"),
        _ => name.to_owned(),
    }
}

fn read(dice: &mut Random) -> String {
    match dice.index(9) {
        0 => "VALUES ( 1 )".to_owned(),
        1 => format!("TABLE {}", target(dice)),
        2 => format!("SELECT {}", dice.pick(&CALLS)),
        3 => format!("SELECT a , {} FROM {}", dice.pick(&CALLS), target(dice)),
        4 => format!("SELECT a FROM {} WHERE a = ( SELECT max ( a ) FROM {} )", target(dice), target(dice)),
        5 => format!("SELECT 7 AS a INTO {} {}", dice.pick(&["", "TEMP", "TABLE"]), dice.pick(&NAMES)),
        6 => format!("SELECT * FROM {} FOR UPDATE", dice.pick(&NAMES)),
        7 => format!("SHOW {}", dice.pick(&["ALL", "date_style", "TIME ZONE"])),
        _ => "SELECT 1 AS \"update\" , 2 AS \"x ; DELETE FROM t\"".to_owned(),
    }
}

fn change(dice: &mut Random, folder: &str) -> String {
    let bulk = dice.pick(&["INTO", "INTO", "BULK INTO"]);
    match dice.index(9) {
        0 | 1 => format!("INSERT {bulk} {} VALUES ( 5 , 'x' )", target(dice)),
        2 => format!("INSERT {bulk} {} ( a ) SELECT 6 AS a", dice.pick(&NAMES)),
        3 | 4 => format!("UPDATE {} {} SET a = 9", target(dice), dice.pick(&["", "AS x", "x"])),
        5 => format!("DELETE FROM {} WHERE a < {}", target(dice), dice.index(3)),
        6 => format!("TRUNCATE {} {}", dice.pick(&["", "TABLE"]), target(dice)),
        7 => format!("MERGE INTO {} USING ( SELECT 1 AS k ) s ON a = k WHEN MATCHED THEN DELETE", target(dice)),
        _ => format!("COPY {} FROM '{folder}/in.csv' WITH ( FORMAT => 'csv' )", target(dice)),
    }
}

fn definition(dice: &mut Random) -> String {
    let (name, wrapped) = (dice.pick(&NAMES), target(dice));
    let schema = dice.pick(&["s", "lake . s", "\"lake\" . s", "lake . public", "public"]);
    match dice.index(13) {
        0 => format!("CREATE {} TABLE lake . public . v ( a INT )", dice.pick(&["", "TEMP", "UNLOGGED", "EXTERNAL"])),
        1 => format!("CREATE {} TABLE v AS SELECT 1 AS a", dice.pick(&["", "TEMPORARY", "LOCAL TEMP"])),
        2 => format!("CREATE TABLE {} . v AS TABLE t", dice.pick(&["pg_temp", "lake . public", "public"])),
        3 => format!("CREATE SCHEMA {} {schema}", dice.pick(&["", "IF NOT EXISTS"])),
        4 => format!("DROP SCHEMA {} {schema} CASCADE", dice.pick(&["", "IF EXISTS"])),
        5 => format!("ALTER SCHEMA {schema} RENAME TO r"),
        6 => format!("DROP TABLE {} {wrapped} , {name}", dice.pick(&["", "IF EXISTS"])),
        7 => format!("DROP TABLE {name}"),
        8 => format!("ALTER TABLE {} {wrapped} ADD COLUMN c INT", dice.pick(&["", "IF EXISTS"])),
        9 => format!("ALTER TABLE {wrapped} RENAME TO w"),
        10 => format!("ALTER TABLE {wrapped} DROP COLUMN b"),
        11 => format!("COMMENT ON {} {name} . a IS 'x'", dice.pick(&["COLUMN", "TABLE"])),
        _ => format!("ANALYZE {name}"),
    }
}

fn other(dice: &mut Random, folder: &str) -> String {
    let choices = [
        "SET date_style = 'DMY'",
        "SET LOCAL date_style = 'DMY'",
        "SET SESSION date_style TO 'DMY'",
        "SET TIME ZONE 'Asia/Tokyo'",
        "RESET ALL",
        "PREPARE p AS DELETE FROM lake . public . t",
        "EXECUTE p",
        "DEALLOCATE ALL",
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "GRANT ALL ON lake . public . t TO PUBLIC",
        "CALL f ( )",
        "DETACH DATABASE lake",
        "DETACH ALL DATABASES",
    ];
    match dice.index(6) {
        0 => format!("COPY ( SELECT 1 AS a ) TO '{folder}/out.csv' WITH ( FORMAT => 'csv' )"),
        1 => format!("CREATE DATABASE \"{folder}/new.hyper\""),
        2 => format!("DROP DATABASE \"{folder}/spare.hyper\""),
        3 => format!("ATTACH DATABASE \"{folder}/spare.hyper\" AS spare"),
        _ => dice.pick(&choices).to_owned(),
    }
}

fn plain(dice: &mut Random, folder: &str, depth: usize) -> String {
    match dice.index(12) {
        0..=2 => read(dice),
        6 | 7 => definition(dice),
        8 => other(dice, folder),
        9 if depth > 0 => {
            let options =
                dice.pick(&["", "( ANALYZE )", "( FORMAT JSON , ANALYZE )", "ANALYZE", "( ( ANALYZE ) )", "EXPLAIN"]);
            format!("EXPLAIN {options} {}", plain(dice, folder, depth - 1))
        }
        10 if depth > 0 => {
            let within = if dice.one_in(3) { change(dice, folder) } else { read(dice) };
            let lists = dice.pick(&["x AS", "x ( a ) AS", "x AS ( SELECT ')' ) , y AS", "\"select\" AS"]);
            format!("WITH {lists} ( {within} ) {}", plain(dice, folder, depth - 1))
        }
        _ => change(dice, folder),
    }
}
