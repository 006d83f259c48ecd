# Compiler flags: one interface target that every target of ours links, and nothing that is installed.
# What a user of the installed library must agree on (Asio's definitions) is in layers.cmake instead.

# Lines are enough for a stack, and full debug information costs a third more to compile; the debug preset has it.
set(MQTT_DEBUG_FLAGS "-O1 -g1" CACHE STRING "Optimisation and debug information of Debug builds")
set(CMAKE_CXX_FLAGS_DEBUG "${MQTT_DEBUG_FLAGS}")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

include(CheckPIESupported)
check_pie_supported()

find_program(MQTT_CCACHE ccache)
if(MQTT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${MQTT_CCACHE})
endif()

add_library(mqtt_flags INTERFACE)
target_compile_options(mqtt_flags INTERFACE
    -Wall -Wextra -Wpedantic
    # Not where a file sees the names of the one before it.
    $<$<NOT:$<BOOL:${MQTT_UNITY}>>:-Wshadow>
    -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
    -Wmissing-declarations -Wextra-semi -Wundef -Wvla
    # Designated initialisers are how options are written here; the fields left out have defaults.
    -Wno-missing-field-initializers
    $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond;-Wlogical-op>
    # GCC 12 inlines the allocation of Asio's coroutine frames, not their release, and then sees a mismatch.
    $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete>
    $<$<BOOL:${MQTT_WARNINGS_AS_ERRORS}>:-Werror>
    -fno-omit-frame-pointer
    # Absolute paths of the build machine stay out of what is shipped. Not in the other presets: ccache
    # could not share objects between checkouts.
    $<$<CONFIG:Release>:-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=>)
target_compile_definitions(mqtt_flags INTERFACE $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>)

if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
    # Asio 1.22 does not believe that clang with libstdc++ has coroutines; clang 14 itself must be told too.
    target_compile_definitions(mqtt_flags INTERFACE ASIO_HAS_CO_AWAIT ASIO_HAS_STD_COROUTINE)
    # Off before clang 19, on in GCC: memory of the pools is released with its size.
    target_compile_options(mqtt_flags INTERFACE -fsized-deallocation)
    if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 17)
        target_compile_definitions(mqtt_flags INTERFACE __cpp_impl_coroutine=201902L)
        target_compile_options(mqtt_flags INTERFACE -Wno-builtin-macro-redefined -Wno-reserved-macro-identifier)
    endif()
endif()

if(MQTT_SANITIZE STREQUAL "address")
    set(sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all)
elseif(MQTT_SANITIZE STREQUAL "thread")
    set(sanitizers -fsanitize=thread)
    # Asio uses fences, which ThreadSanitizer does not model; GCC only warns about them.
    target_compile_options(mqtt_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
elseif(MQTT_SANITIZE STREQUAL "fuzzer")
    set(sanitizers -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize=function
                   -fno-sanitize-recover=all)
elseif(MQTT_SANITIZE)
    message(FATAL_ERROR "MQTT_SANITIZE is '${MQTT_SANITIZE}': say address, thread or fuzzer")
endif()
if(MQTT_SANITIZE)
    target_compile_options(mqtt_flags INTERFACE ${sanitizers})
    target_link_options(mqtt_flags INTERFACE ${sanitizers})
    # The library is optimised a little, since simulations run it for millions of steps. Tests and tools are not:
    # under sanitizers that costs more to compile than it saves to run. Nor do they check every pointer for null and
    # every reference for its type: those checks are a quarter of the compiler's work, and the rest of the
    # sanitizers sees most of what they would.
    set(MQTT_UNOPTIMISED -O0)
    if(MQTT_SANITIZE STREQUAL "address")
        list(APPEND MQTT_UNOPTIMISED -fno-sanitize=null,alignment,vptr)
    endif()
    target_compile_definitions(mqtt_flags INTERFACE MQTT_SANITIZED DOCTEST_CONFIG_NO_POSIX_SIGNALS)
endif()

if(CMAKE_BUILD_TYPE STREQUAL Release AND NOT MQTT_SANITIZE)
    target_compile_definitions(mqtt_flags INTERFACE _FORTIFY_SOURCE=2)
    target_compile_options(mqtt_flags INTERFACE -fstack-protector-strong -fstack-clash-protection)
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
        target_compile_options(mqtt_flags INTERFACE -fcf-protection)
    endif()
    target_link_options(mqtt_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed)
    if(MQTT_LTO AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
        set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
        if(MQTT_FAT_OBJECTS)
            list(TRANSFORM CMAKE_CXX_COMPILE_OPTIONS_IPO REPLACE "-fno-fat-lto-objects" "-ffat-lto-objects")
        endif()
    endif()
endif()
