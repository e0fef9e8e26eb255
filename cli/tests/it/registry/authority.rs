//! An authority of its own for a test, and a certificate for this machine, made by `openssl`.

use std::process::Command;

use crate::folder::{Folder, succeed};

/// Writes `ca.pem`, `cert.pem` and `key.pem` into the folder.
pub(crate) fn make(folder: &Folder) {
    folder.write("names", "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
    let openssl = |words: &str| {
        succeed(Command::new("openssl").args(words.split_whitespace()).current_dir(folder.path()));
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(&format!("req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=authority"));
    openssl(&format!("req {key} -keyout key.pem -out request.pem -subj /CN=localhost"));
    openssl(
        "x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out cert.pem",
    );
}
