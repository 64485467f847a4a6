//! Downloads a file of a public repository at a pinned commit. Goes on where an earlier download
//! stopped, and after one failure to connect leaves the host alone for the rest of the run.

use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Progress, Watch};

const BASE: &str = "https://raw.githubusercontent.com";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(6);
const READ_TIMEOUT: Duration = Duration::from_secs(20);

/// Which file.
pub(super) struct File<'a> {
    pub(super) repository: &'a str,
    pub(super) commit: &'a str,
    pub(super) path: &'a str,
}

/// A client that remembers whether the host can be reached.
pub(super) struct Client {
    base: String,
    unreachable: Option<String>,
}

impl Default for Client {
    fn default() -> Self {
        Self { base: BASE.to_owned(), unreachable: None }
    }
}

impl Client {
    #[cfg(test)]
    pub(super) fn at(base: String) -> Self {
        Self { base, unreachable: None }
    }

    /// Whether the host could not be reached in this run.
    pub(super) fn is_unreachable(&self) -> bool {
        self.unreachable.is_some()
    }

    /// The file at `part`, complete in length but not checked, or why there is none.
    pub(super) fn download(
        &mut self,
        file: &File<'_>,
        part: &Path,
        watch: &Watch<'_>,
        progress: &dyn Progress,
    ) -> Result<PathBuf, String> {
        if let Some(reason) = &self.unreachable {
            return Err(reason.clone());
        }
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_resolve(Some(CONNECT_TIMEOUT))
            .timeout_recv_response(Some(READ_TIMEOUT))
            .timeout_per_read(Some(READ_TIMEOUT))
            .http_status_as_error(false)
            .build()
            .into();
        let url = format!("{}/{}/{}/{}", self.base, file.repository, file.commit, file.path);
        let have_bytes = fs::metadata(part).map_or(0, |metadata| metadata.len());
        if have_bytes >= watch.total_bytes {
            let _ = fs::remove_file(part); // a whole file would not be a part: start again
            return self.download_from(&agent, &url, 0, part, watch, progress);
        }
        self.download_from(&agent, &url, have_bytes, part, watch, progress)
    }

    fn download_from(
        &mut self,
        agent: &ureq::Agent,
        url: &str,
        have_bytes: u64,
        part: &Path,
        watch: &Watch<'_>,
        progress: &dyn Progress,
    ) -> Result<PathBuf, String> {
        let mut request = agent.get(url).header("Accept-Encoding", "identity");
        if have_bytes > 0 {
            request = request.header("Range", format!("bytes={have_bytes}-"));
        }
        let response = request.call().map_err(|error| {
            let reason = format!("cannot be reached: {error}");
            self.unreachable = Some(reason.clone());
            reason
        })?;
        let resumed = match response.status().as_u16() {
            200 => false,
            206 => true,
            416 if have_bytes > 0 => {
                let _ = fs::remove_file(part);
                return self.download_from(agent, url, 0, part, watch, progress);
            }
            status => return Err(format!("the server answered {status}")),
        };
        let mut done_bytes = if resumed { have_bytes } else { 0 };
        let mut out = OpenOptions::new()
            .create(true)
            .write(true)
            .append(resumed)
            .truncate(!resumed)
            .open(part)
            .map_err(|error| error.to_string())?;
        let mut body = response.into_body().into_reader();
        let mut piece = [0; 1 << 16];
        loop {
            let read = body.read(&mut piece).map_err(|error| {
                format!("the transfer stopped after {done_bytes} bytes ({error}); it is kept")
            })?;
            if read == 0 {
                break;
            }
            out.write_all(&piece[..read]).map_err(|error| error.to_string())?;
            done_bytes += read as u64;
            if done_bytes > watch.total_bytes {
                let _ = fs::remove_file(part);
                return Err(format!("more than the {} bytes expected", watch.total_bytes));
            }
            progress.report(watch.event(done_bytes));
        }
        if done_bytes < watch.total_bytes {
            return Err(format!("only {done_bytes} of {} bytes came", watch.total_bytes));
        }
        Ok(part.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::inference::Silent;
    use crate::inference::fetch::tests::Server;

    const FILE: File<'_> = File { repository: "o/r", commit: "c", path: "f" };

    fn download(client: &mut Client, part: &Path, total_bytes: u64) -> Result<PathBuf, String> {
        let watch = Watch { file: "f", from: "here", total_bytes };
        client.download(&FILE, part, &watch, &Silent)
    }

    #[test]
    fn goes_on_where_it_stopped() {
        let server = Server::of(vec![("/o/r/c/f", b"0123456789".to_vec())]);
        let folder = tempfile::tempdir().unwrap();
        let part = folder.path().join("f.part");
        std::fs::write(&part, b"0123").unwrap();
        download(&mut Client::at(server.base()), &part, 10).unwrap();
        assert_eq!(std::fs::read(&part).unwrap(), b"0123456789");
        assert_eq!(server.ranges(), [Some("bytes=4-".to_owned())]);
    }

    #[test]
    fn a_cut_transfer_is_kept_and_an_overlong_one_is_not() {
        let server = Server::of(vec![("/o/r/c/f", b"0123456789".to_vec())]);
        let folder = tempfile::tempdir().unwrap();
        let part = folder.path().join("f.part");
        let error = download(&mut Client::at(server.base()), &part, 12).unwrap_err();
        assert!(error.contains("only 10 of 12"), "{error}");
        assert!(part.exists());
        std::fs::remove_file(&part).unwrap();
        let error = download(&mut Client::at(server.base()), &part, 8).unwrap_err();
        assert!(error.contains("more than the 8"), "{error}");
        assert!(!part.exists());
    }

    #[test]
    fn a_missing_file_is_an_error_of_the_file_alone() {
        let server = Server::of(vec![]);
        let folder = tempfile::tempdir().unwrap();
        let mut client = Client::at(server.base());
        let error = download(&mut client, &folder.path().join("f.part"), 10).unwrap_err();
        assert!(error.contains("404"), "{error}");
        assert!(client.unreachable.is_none());
    }

    #[test]
    fn an_unreachable_host_is_tried_once() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let folder = tempfile::tempdir().unwrap();
        let mut client = Client::at(base);
        let part = folder.path().join("f.part");
        let first = download(&mut client, &part, 10).unwrap_err();
        assert!(first.contains("cannot be reached"), "{first}");
        assert_eq!(download(&mut client, &part, 10).unwrap_err(), first);
    }
}
