//! A fake registry with faults, scripted HTTP, a byte-counting proxy, image generators, real servers.
