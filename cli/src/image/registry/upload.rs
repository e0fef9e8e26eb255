//! Brings a blob to a registry: a session, and one request with all bytes (distribution specification, "Pushing blobs").

use super::request::{Action, Call, Client, PAUSE, TRIES};
use crate::image::digest::Digest;
use crate::image::store::StoreError;

/// Uploads the blob. One whose upload broke off is sent again, in a session of its own: what the registry has of it is not known.
pub(super) fn upload(
    client: &Client,
    path: &str,
    digest: &Digest,
    bytes: &[u8],
    told: &mut dyn FnMut(u64),
) -> Result<(), StoreError> {
    let mut pause = PAUSE;
    for left in (0..TRIES).rev() {
        match once(client, path, digest, bytes, told) {
            Err(error) if left > 0 && may_pass(&error) => {
                std::thread::sleep(pause);
                pause *= 2;
            }
            ended => return ended,
        }
    }
    Ok(())
}

fn once(
    client: &Client,
    path: &str,
    digest: &Digest,
    bytes: &[u8],
    told: &mut dyn FnMut(u64),
) -> Result<(), StoreError> {
    let what = format!("send the blob `{digest}`");
    let session = Call::new("POST", path.to_owned(), Action::Push, what.clone());
    let location = client.send(&session, |reply| Ok(reply.header("location").map(str::to_owned)))?;
    let location = location.ok_or_else(|| client.protocol("an upload without a `location`".to_owned()))?;
    let mark = if location.contains('?') { '&' } else { '?' };
    let mut put = Call::new("PUT", format!("{location}{mark}digest={digest}"), Action::Push, what);
    put.content_type = "application/octet-stream".to_owned();
    put.body = bytes.to_vec();
    put.tries = 1;
    client.send_telling(&put, told, |_| Ok(()))
}

/// A broken connection, a busy registry, or a session that is gone.
fn may_pass(error: &StoreError) -> bool {
    match error {
        StoreError::Connection { .. } => true,
        StoreError::Refused { status, .. } => matches!(status, 404 | 408 | 416 | 429 | 500..=599),
        _ => false,
    }
}
