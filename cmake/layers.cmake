# Functions that turn folders into targets. A folder without sources (yet) gives an INTERFACE library, so
# what links it need not know. Globs are checked on every build: a new file needs no edit.

# Everything that includes <asio.hpp> must agree on these; they travel with the installed library too.
add_library(mqtt_asio INTERFACE)
# Asio finds std::aligned_alloc only where a standard header came before it, so two files could allocate by
# one and release by the other; without it all use operator new.
target_compile_definitions(mqtt_asio INTERFACE
    ASIO_STANDALONE ASIO_SEPARATE_COMPILATION ASIO_NO_DEPRECATED ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE=8
    ASIO_DISABLE_STD_ALIGNED_ALLOC)
target_link_libraries(mqtt_asio INTERFACE Threads::Threads)

function(mqtt_glob out)
    cmake_parse_arguments(ARG "RECURSE" "" "DIRS;PATTERNS" ${ARGN})
    if(NOT ARG_PATTERNS)
        set(ARG_PATTERNS "*.cpp")
    endif()
    set(all)
    foreach(dir IN LISTS ARG_DIRS)
        foreach(pattern IN LISTS ARG_PATTERNS)
            if(ARG_RECURSE)
                file(GLOB_RECURSE found CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${dir}/${pattern})
            else()
                file(GLOB found CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${dir}/${pattern})
            endif()
            list(APPEND all ${found})
        endforeach()
    endforeach()
    set(${out} ${all} PARENT_SCOPE)
endfunction()

# Several files of a library in one translation unit: the compiler reads their headers once, which is most of its
# work. Tables of flags and keys stay apart, since all of them call their rows alike; so do Asio, what wants
# a macro before OpenSSL's headers, and the kernel's <linux/tcp.h>, which no file with <netinet/tcp.h> may include.
function(mqtt_unity name sources)
    list(FILTER sources INCLUDE REGEX "(_flags|/options[a-z_]*|_options|/conf_keys_[a-z]+|/asio|/tls_engine|/worker_queues)\\.cpp$")
    set_source_files_properties(${sources} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
    # It means headers, and takes for one what is included here.
    target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endfunction()

# mqtt_layer(name [RECURSE] DIRS folder... [EXCLUDE regex] [LINK target...] [PRIVATE target...])
function(mqtt_layer name)
    cmake_parse_arguments(ARG "RECURSE" "EXCLUDE" "DIRS;LINK;PRIVATE" ${ARGN})
    set(recurse)
    if(ARG_RECURSE)
        set(recurse RECURSE)
    endif()
    mqtt_glob(sources ${recurse} DIRS ${ARG_DIRS})
    if(ARG_EXCLUDE)
        list(FILTER sources EXCLUDE REGEX ${ARG_EXCLUDE})
    endif()
    mqtt_library(${name} "${sources}" "${ARG_LINK}" "${ARG_PRIVATE}")
endfunction()

function(mqtt_library name sources link private)
    set(dirs ${PROJECT_SOURCE_DIR}/libmqtt/include ${PROJECT_SOURCE_DIR}/libmqtt/src)
    if(NOT name MATCHES "^mqtt_")
        list(APPEND dirs ${PROJECT_SOURCE_DIR}/tools)
    endif()
    if(sources)
        add_library(${name} STATIC ${sources})
        target_include_directories(${name} PUBLIC ${dirs})
        target_link_libraries(${name} PUBLIC ${link} PRIVATE ${private} mqtt_flags)
        if(NOT name MATCHES "^mqtt_")
            target_compile_options(${name} PRIVATE ${MQTT_UNOPTIMISED})
        endif()
        # Not the core, unless under sanitizers: its instructions are counted as each file alone has them.
        if(MQTT_UNITY AND (MQTT_SANITIZE OR NOT name STREQUAL mqtt_core))
            mqtt_unity(${name} "${sources}")
        endif()
    else()
        add_library(${name} INTERFACE)
        target_include_directories(${name} INTERFACE ${dirs})
        target_link_libraries(${name} INTERFACE ${link} ${private})
    endif()
endfunction()

# mqtt_tool(name LINK target...): tools/<name>/**.cpp. All but main.cpp is the library <name>_lib, which the
# tests link.
function(mqtt_tool name)
    cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
    mqtt_glob(sources RECURSE DIRS tools/${name})
    set(main ${PROJECT_SOURCE_DIR}/tools/${name}/main.cpp)
    list(REMOVE_ITEM sources ${main})
    mqtt_library(${name}_lib "${sources}" "${ARG_LINK}" "")
    if(EXISTS ${main})
        add_executable(${name} ${main})
        target_link_libraries(${name} PRIVATE ${name}_lib mqtt_flags)
        if(CMAKE_BUILD_TYPE STREQUAL Release AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
            # Start-up time and one binary for many machines.
            target_link_options(${name} PRIVATE -static-libstdc++ -static-libgcc)
        endif()
    endif()
endfunction()

# mqtt_programs(folder pattern LINK target...): one executable per matching file.
function(mqtt_programs folder pattern)
    cmake_parse_arguments(ARG "" "PREFIX;PART_OF" "LINK" ${ARGN})
    mqtt_glob(sources DIRS ${folder} PATTERNS ${pattern})
    foreach(source IN LISTS sources)
        get_filename_component(name ${source} NAME_WE)
        add_executable(${ARG_PREFIX}${name} ${source})
        target_include_directories(${ARG_PREFIX}${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
        target_link_libraries(${ARG_PREFIX}${name} PRIVATE ${ARG_LINK} mqtt_flags)
        if(ARG_PART_OF)
            add_dependencies(${ARG_PART_OF} ${ARG_PREFIX}${name})
        endif()
    endforeach()
endfunction()

# CLI11 and doctest's implementation cost ten seconds at -O2 and 25 under sanitizers, and run once.
set_source_files_properties(tools/common/cli.cpp tests/support/main.cpp PROPERTIES
    COMPILE_OPTIONS "-O1;-g0;-fno-sanitize=all")
