// Waiting for standard input or output without touching it. Used by mqtt-pub and mqtt-sub, whose event loop makes
// what it waits for non-blocking: others who have the same pipe or terminal (a shell and its next command) would
// find it so.
#pragma once

namespace tools {

// The same pipe or terminal, opened anew with `access` (O_RDONLY and its kin) for this process alone; a duplicate
// where that cannot be done (sockets). The caller closes it. Negative: errno says why.
int open_to_wait(int descriptor, int access);

}  // namespace tools
