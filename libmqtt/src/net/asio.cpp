// The one compiled copy of Asio (ASIO_SEPARATE_COMPILATION): every other file includes declarations only,
// which halves its compile time. Nothing else may live here.
#include <asio/impl/src.hpp>
