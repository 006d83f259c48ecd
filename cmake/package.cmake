# What scripts/package makes of `cmake --install`: mqtt-tools (programs, pages, completions, service) and
# libmqtt-dev (headers, archives, CMake package, pkg-config file), as DEB and TGZ.
set(CPACK_PACKAGE_NAME mqtt-tools)
set(CPACK_PACKAGE_VENDOR "mqtt-tools")
set(CPACK_PACKAGE_CONTACT "the mqtt-tools developers <mqtt-tools@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "MQTT from the shell: publish, subscribe, measure, and a broker")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL tools dev)

set(CPACK_ARCHIVE_COMPONENT_INSTALL ON)
set(CPACK_ARCHIVE_TOOLS_FILE_NAME mqtt-tools-${PROJECT_VERSION}-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_ARCHIVE_DEV_FILE_NAME libmqtt-dev-${PROJECT_VERSION}-${CMAKE_SYSTEM_PROCESSOR})

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME mqtt-tools)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION net)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SHLIBDEPS ON)
# Loaded when it is first used, so that nobody finds it in the programs (MQTT_LAZY_OPENSSL).
set(CPACK_DEBIAN_TOOLS_PACKAGE_DEPENDS "libssl3")
set(CPACK_DEBIAN_TOOLS_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_COMPONENT_TOOLS_DESCRIPTION
    "mqtt-pub, mqtt-sub, mqtt-bench and mqtt-broker-lite for MQTT 3.1, 3.1.1 and 5.0.
 They take mosquitto's command lines and configuration files as they are.")
set(CPACK_DEBIAN_TOOLS_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/tools/mqtt-broker-lite/systemd/postinst)
set(CPACK_DEBIAN_DEV_PACKAGE_NAME libmqtt-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "libasio-dev, libfmt-dev, libssl-dev, libsqlite3-dev")
set(CPACK_COMPONENT_DEV_DESCRIPTION
    "The asynchronous MQTT client library and the broker of mqtt-tools, for C++20 programs.")
include(CPack)
