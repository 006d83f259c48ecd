# What `cmake --install` puts where: programs, pages, the library with its CMake package (mqtt::client,
# mqtt::broker) and pkg-config file. Asio and fmt are found by whoever uses the library.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

foreach(tool mqtt-pub mqtt-sub mqtt-bench mqtt-broker-lite)
    if(TARGET ${tool})
        install(TARGETS ${tool} COMPONENT tools)
    endif()
endforeach()
if(EXISTS ${PROJECT_SOURCE_DIR}/man)
    foreach(section 1 5 7)
        install(DIRECTORY man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section} COMPONENT tools
                FILES_MATCHING PATTERN "*.${section}" PATTERN completions EXCLUDE)
    endforeach()
    # Made of the public headers as they are, so it is not among the committed pages.
    find_program(PERL perl)
    if(PERL)
        file(GLOB page_sources CONFIGURE_DEPENDS libmqtt/include/mqtt/*.hpp libmqtt/examples/*.cpp)
        add_custom_command(OUTPUT ${PROJECT_BINARY_DIR}/libmqtt.3
            COMMAND ${PERL} ${PROJECT_SOURCE_DIR}/scripts/libmqtt_page > ${PROJECT_BINARY_DIR}/libmqtt.3
            DEPENDS scripts/libmqtt_page man/libmqtt.3.in ${page_sources} libmqtt/src/core/error.cpp
                    libmqtt/src/core/reason_code.cpp libmqtt/src/core/property_table.cpp)
        add_custom_target(libmqtt_page ALL DEPENDS ${PROJECT_BINARY_DIR}/libmqtt.3)
        if(TARGET programs)
            add_dependencies(programs libmqtt_page)
        endif()
        install(FILES ${PROJECT_BINARY_DIR}/libmqtt.3 DESTINATION ${CMAKE_INSTALL_MANDIR}/man3
                COMPONENT dev OPTIONAL)
    endif()
    foreach(tool mqtt-pub mqtt-sub mqtt-bench mqtt-broker-lite)
        set(pages ${PROJECT_SOURCE_DIR}/man/completions)
        if(EXISTS ${pages}/${tool}.bash)
            install(FILES ${pages}/${tool}.bash RENAME ${tool} COMPONENT tools
                    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
            install(FILES ${pages}/_${tool} COMPONENT tools
                    DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
            install(FILES ${pages}/${tool}.fish COMPONENT tools
                    DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
        endif()
    endforeach()
endif()

# The service, its socket and its user. The unit's folder is systemd's own, also under another prefix.
if(TARGET mqtt-broker-lite)
    set(MQTT_SYSTEMD_DIR lib/systemd CACHE STRING "where systemd's units go, below the prefix or absolute")
    set(MQTT_SYSUSERS_DIR lib/sysusers.d CACHE STRING "where systemd's users go")
    configure_file(tools/mqtt-broker-lite/systemd/mqtt-broker-lite.service.in
                   ${PROJECT_BINARY_DIR}/mqtt-broker-lite.service @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/mqtt-broker-lite.service tools/mqtt-broker-lite/systemd/mqtt-broker-lite.socket
            DESTINATION ${MQTT_SYSTEMD_DIR}/system COMPONENT tools)
    install(FILES tools/mqtt-broker-lite/systemd/mqtt-broker-lite.sysusers RENAME mqtt-broker-lite.conf
            DESTINATION ${MQTT_SYSUSERS_DIR} COMPONENT tools)
endif()

install(DIRECTORY libmqtt/include/mqtt DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev)
# In a link-time-optimised build the archives hold GCC's intermediate code; the library for others is made
# without (-DMQTT_LTO=OFF), or with both kinds of code (-DMQTT_FAT_OBJECTS=ON).
get_target_property(core_type mqtt_core TYPE)
get_target_property(broker_type mqtt_broker TYPE)
get_target_property(client_type mqtt_client TYPE)
if(core_type STREQUAL STATIC_LIBRARY AND client_type STREQUAL STATIC_LIBRARY AND broker_type STREQUAL STATIC_LIBRARY)
    install(TARGETS mqtt_core mqtt_net mqtt_client mqtt_broker
            DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev)
    configure_package_config_file(cmake/mqtt-config.cmake.in ${PROJECT_BINARY_DIR}/mqtt-config.cmake
        INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/mqtt
        PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
    write_basic_package_version_file(${PROJECT_BINARY_DIR}/mqtt-config-version.cmake
        COMPATIBILITY SameMinorVersion)
    install(FILES ${PROJECT_BINARY_DIR}/mqtt-config.cmake ${PROJECT_BINARY_DIR}/mqtt-config-version.cmake
            DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/mqtt COMPONENT dev)
    configure_file(cmake/libmqtt.pc.in ${PROJECT_BINARY_DIR}/libmqtt.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/libmqtt.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
endif()
