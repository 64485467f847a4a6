//! The ONNX Runtime library, loaded once for the whole process. A missing, wrong or too old
//! library is an error that says what to do, never a panic.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::{InferenceError, Sha256};

/// Names another library than the one of the store.
const PATH_VARIABLE: &str = "ORT_DYLIB_PATH";

/// Tells ONNX Runtime to keep its telemetry to itself. Its builds for Linux hold a client that
/// writes a device id below the home folder and sends events about the process; the switch of the
/// API (`with_telemetry`) comes too late to stop the first of them.
const NO_TELEMETRY_VARIABLE: &str = "ORT_DISABLE_TELEMETRY";

/// ONNX Runtime keeps one environment for the life of the process, so does this.
static LOADED: Mutex<Option<Runtime>> = Mutex::new(None);

/// The loaded library.
#[derive(Debug, Clone)]
pub(super) struct Runtime {
    pub(super) environment: ort::environment::Environment,
    pub(super) path: PathBuf,
    pub(super) sha256: Sha256,
    /// What the library says of itself: branch, commit, build type, compiler flags.
    pub(super) build: String,
}

/// The library that the environment names instead of the store's; relative to the working folder.
pub(super) fn path_from_environment() -> Option<PathBuf> {
    // `ort` reads the variable too, but panics on a library it cannot use: it is always given a
    // path instead.
    env::var_os(PATH_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from)
}

impl Runtime {
    /// Loads the library at `path`, or returns it if it is loaded already.
    pub(super) fn load(path: &Path) -> Result<Self, InferenceError> {
        let failed =
            |reason: String| InferenceError::Runtime { path: path.to_owned(), reason, advice: advice() };
        // An earlier panic under the lock left either a whole runtime or none.
        let mut loaded = LOADED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // `ort` looks for a relative path next to the executable first.
        let path = std::path::absolute(path).map_err(|error| failed(error.to_string()))?;
        if !path.is_file() {
            return Err(failed("there is no such file".to_owned()));
        }
        let sha256 = Sha256::of_file(&path).map_err(InferenceError::io("read", &path))?;
        if let Some(runtime) = loaded.as_ref() {
            if runtime.sha256 == sha256 {
                return Ok(runtime.clone());
            }
            let other = runtime.path.display();
            return Err(failed(format!("this process already runs with {other}")));
        }
        forbid_telemetry();
        let builder = ort::init_from(&path).map_err(|error| failed(error.to_string()))?;
        let environment = builder
            .with_name("realname")
            .with_telemetry(false)
            .build()
            .map_err(|error| failed(error.message().to_owned()))?;
        environment.set_log_level(ort::logging::LogLevel::Error);
        let runtime = Self { environment, path, sha256, build: ort::info().to_owned() };
        Ok(loaded.insert(runtime).clone())
    }
}

/// Sets the variable for this process, before the library is loaded and can read it.
fn forbid_telemetry() {
    if env::var_os(NO_TELEMETRY_VARIABLE).is_some_and(|value| value == "1") {
        return;
    }
    #[expect(unsafe_code, reason = "the variable is the only way to keep the library from sending")]
    // SAFETY: Rust's own readers and writers of the environment take its lock. C code that reads
    // the environment in another thread at this very moment would race with it; this runs once,
    // under the lock of `LOADED`, before the library is loaded, and `Engine::new` says so.
    unsafe {
        env::set_var(NO_TELEMETRY_VARIABLE, "1");
    }
}

fn advice() -> &'static str {
    if path_from_environment().is_some() {
        "ORT_DYLIB_PATH names it: set it to an ONNX Runtime 1.17 or newer, or unset it"
    } else {
        "run `realname models fetch`, or set ORT_DYLIB_PATH to an ONNX Runtime 1.17 or newer"
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    /// The error of a library that must not load.
    fn refused(path: &Path) -> String {
        let error = Runtime::load(path).expect_err("must be refused");
        assert!(matches!(error, InferenceError::Runtime { .. }), "{error}");
        let error = error.to_string();
        assert!(error.contains("ONNX Runtime 1.17 or newer"), "{error}");
        error
    }

    #[test]
    fn a_missing_library_is_an_error() {
        let error = refused(Path::new("/no/such/libonnxruntime.so"));
        assert!(error.contains("no such file"), "{error}");
        let error = refused(Path::new("relative-libonnxruntime.so"));
        assert!(error.contains("no such file"), "{error}");
        assert!(refused(Path::new("/")).contains("no such file"), "a folder");
    }

    #[test]
    fn a_text_file_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("libonnxruntime.so");
        for text in ["", "not a library"] {
            fs::write(&path, text).unwrap();
            assert!(refused(&path).contains("failed to load"));
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_wrong_or_too_old_library_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let compiled = |name: &str, code: &str| {
            let (source, library) = (folder.path().join("code.c"), folder.path().join(name));
            fs::write(&source, code).unwrap();
            let mut compiler = Command::new("cc");
            compiler.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source);
            compiler.status().is_ok_and(|status| status.success()).then_some(library)
        };
        let Some(wrong) = compiled("libwrong.so", "int answer(void) { return 42; }") else {
            eprintln!("skipped: there is no C compiler");
            return;
        };
        assert!(refused(&wrong).contains("does not export `OrtGetApiBase`"));

        let old = "
            static const char *version(void) { return \"1.16.3\"; }
            struct Base { const void *(*api)(unsigned); const char *(*version)(void); };
            static const struct Base base = { 0, version };
            const struct Base *OrtGetApiBase(void) { return &base; }
        ";
        let old = compiled("libold.so", old).expect("the compiler is there");
        let error = refused(&old);
        assert!(error.contains("expected version >= '1.17.x', but got '1.16.3'"), "{error}");
    }
}
