# One doctest program per folder of tests/, registered with ctest. A test links its own layer and those
# below, so that a broken layer above cannot stop it; tests that need client and broker together live in
# tests/broker, tests/tools or tests/spec.
enable_testing()

# What runs under sanitizers: the test programs and the replay of fuzz seeds, not the tools.
add_custom_target(all_tests)
# What scripts/test runs without them: the tools, what their tests need, counted allocations, and the simulation, which
# makes millions of steps where they are cheap.
add_custom_target(programs)

# Helpers see every layer's headers but link none: an archive member comes in only with the test that uses
# it (a counting operator new, for instance, stays out of the others).
mqtt_glob(support DIRS tests/support)
list(REMOVE_ITEM support ${PROJECT_SOURCE_DIR}/tests/support/main.cpp)
if(MQTT_SQLITE)
    list(FILTER support EXCLUDE REGEX /no_faulty_disk)
    set(left_out /no_store_test)
else()
    list(FILTER support EXCLUDE REGEX /faulty_disk)
    set(left_out "/(persistence|persistence_shards|spill|store_chunk|store_entries|store_file)_test")
endif()
add_library(test_includes INTERFACE)
target_include_directories(test_includes INTERFACE ${PROJECT_SOURCE_DIR}/libmqtt/include
    ${PROJECT_SOURCE_DIR}/libmqtt/src ${PROJECT_SOURCE_DIR}/tools ${PROJECT_SOURCE_DIR}/tests)
target_compile_definitions(test_includes INTERFACE DOCTEST_CONFIG_SUPER_FAST_ASSERTS)
target_link_libraries(test_includes INTERFACE mqtt_asio)
if(support)
    add_library(test_support STATIC ${support})
    target_link_libraries(test_support PUBLIC test_includes PRIVATE mqtt_flags)
    target_compile_options(test_support PRIVATE ${MQTT_UNOPTIMISED})
    # Only helpers know where the checkout is: ccache shares all other objects between checkouts.
    target_compile_definitions(test_support PRIVATE MQTT_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
        MQTT_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
else()
    add_library(test_support INTERFACE)
    target_link_libraries(test_support INTERFACE test_includes)
endif()
add_library(test_main OBJECT tests/support/main.cpp)
target_link_libraries(test_main PRIVATE mqtt_flags)

function(mqtt_test folder)
    cmake_parse_arguments(ARG "" "EXCLUDE" "LINK" ${ARGN})
    mqtt_glob(sources RECURSE DIRS tests/${folder} PATTERNS "*_test.cpp")
    if(ARG_EXCLUDE)
        list(FILTER sources EXCLUDE REGEX ${ARG_EXCLUDE})
    endif()
    if(NOT sources)
        return()
    endif()
    add_executable(test_${folder} ${sources} $<TARGET_OBJECTS:test_main>)
    target_link_libraries(test_${folder} PRIVATE test_support ${ARG_LINK} mqtt_flags)
    target_compile_options(test_${folder} PRIVATE ${MQTT_UNOPTIMISED})
    # Three quarters of what a test costs to compile are headers. Where tests are written, each is on its own: one
    # that changes is soon built again.
    if(MQTT_UNITY AND MQTT_SANITIZE)
        mqtt_unity(test_${folder} "${sources}")
    endif()
    add_test(NAME test_${folder} COMMAND test_${folder})
    set_tests_properties(test_${folder} PROPERTIES TIMEOUT 300)
    add_dependencies(all_tests test_${folder})
endfunction()

# Its reference is std::regex, in which GCC 12 suspects uninitialised members under AddressSanitizer.
set_source_files_properties(tests/tools/regex_test.cpp PROPERTIES COMPILE_OPTIONS
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)

# Every public header alone in a translation unit, which must not bring in what users may not have.
function(mqtt_public_headers)
    mqtt_glob(headers DIRS libmqtt/include/mqtt PATTERNS "*.hpp")
    set(units)
    foreach(header IN LISTS headers)
        get_filename_component(name ${header} NAME_WE)
        set(unit ${PROJECT_BINARY_DIR}/headers/${name}.cpp)
        file(CONFIGURE OUTPUT ${unit} CONTENT "#include \"mqtt/${name}.hpp\"
#if defined(OPENSSL_VERSION_NUMBER) || defined(CLI11_VERSION) || defined(SQLITE_VERSION) || defined(FMT_VERSION)
#error \"mqtt/${name}.hpp includes a dependency of the library\"
#endif
")
        list(APPEND units ${unit})
    endforeach()
    add_library(public_headers OBJECT ${units})
    target_include_directories(public_headers PRIVATE ${PROJECT_SOURCE_DIR}/libmqtt/include)
    target_link_libraries(public_headers PRIVATE mqtt_asio mqtt_flags)
endfunction()

set(tools)
if(MQTT_BUILD_TOOLS)
    set(tools mqtt-pub_lib mqtt-sub_lib mqtt-bench_lib mqtt-broker-lite_lib tools_common)
endif()
if(MQTT_SANITIZE STREQUAL "fuzzer")
    mqtt_programs(tests/fuzz "*_fuzz.cpp" PART_OF all_tests
        LINK test_includes ${tools} mqtt_broker mqtt_client mqtt_net mqtt_core -fsanitize=fuzzer)
    return()
endif()
if(MQTT_BUILD_TOOLS)
    mqtt_test(tools LINK ${tools} mqtt_broker mqtt_client OpenSSL::SSL)
endif()
mqtt_test(core LINK mqtt_core)
mqtt_test(net LINK mqtt_net OpenSSL::SSL)
mqtt_test(client LINK mqtt_client OpenSSL::SSL)
mqtt_public_headers()
set(sqlite)
if(MQTT_SQLITE)
    set(sqlite SQLite::SQLite3)
endif()
mqtt_test(broker EXCLUDE ${left_out} LINK mqtt_broker mqtt_client OpenSSL::SSL ${sqlite})
mqtt_test(spec LINK ${tools} mqtt_broker mqtt_client OpenSSL::SSL)
mqtt_test(simulation LINK mqtt_broker mqtt_client ${sqlite})

# Under sanitizers the pools are the heap.
if(NOT MQTT_SANITIZE)
    mqtt_test(allocations LINK mqtt_broker mqtt_client OpenSSL::SSL)
    add_dependencies(programs test_allocations test_simulation public_headers)
endif()

# Programs that tests of the executables run.
mqtt_programs(tests/compat "*.cpp" PART_OF programs LINK test_includes mqtt_core)
# What scripts/bench instructions counts; among the benchmarks it is there anyway.
if(NOT MQTT_BUILD_BENCHMARKS AND NOT MQTT_SANITIZE)
    mqtt_programs(tests/bench "hot_path_bench.cpp" PART_OF programs LINK mqtt_broker mqtt_client)
endif()

mqtt_programs(libmqtt/examples "*.cpp" PREFIX example_ PART_OF programs LINK mqtt_broker mqtt_client)
if(MQTT_BUILD_TOOLS)
    add_dependencies(programs mqtt-pub mqtt-sub mqtt-bench mqtt-broker-lite)
endif()
# The same fuzz targets without libFuzzer: they replay the seeds under GCC and its sanitizers.
if(MQTT_SANITIZE STREQUAL "address" AND EXISTS ${PROJECT_SOURCE_DIR}/tests/fuzz/replay.cpp)
    add_library(fuzz_replay OBJECT tests/fuzz/replay.cpp)
    target_link_libraries(fuzz_replay PRIVATE mqtt_flags)
    mqtt_programs(tests/fuzz "*_fuzz.cpp" PART_OF all_tests
        LINK test_includes ${tools} mqtt_broker mqtt_client mqtt_net mqtt_core $<TARGET_OBJECTS:fuzz_replay>)
endif()
