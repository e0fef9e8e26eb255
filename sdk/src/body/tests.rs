//! What mapped bodies do at chunk boundaries, over a buffer that behaves as the proxy's.
