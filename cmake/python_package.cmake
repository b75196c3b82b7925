# python_package.cmake - how other extensions find the headers inside the Python package.
#
# bocpy/share/cmake/bocpy for find_package(bocpy), which scikit-build-core finds by itself (entry
# point cmake.prefix); bocpy/share/pkgconfig for pkg-config.
include(CMakePackageConfigHelpers)
set(BOCPY_SHARE ${CMAKE_BINARY_DIR}/share)
configure_package_config_file(
  ${CMAKE_SOURCE_DIR}/cmake/bocpy-config.cmake.in ${BOCPY_SHARE}/cmake/bocpy/bocpy-config.cmake
  INSTALL_DESTINATION share/cmake/bocpy INSTALL_PREFIX /
  NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(${BOCPY_SHARE}/cmake/bocpy/bocpy-config-version.cmake
  VERSION ${PROJECT_VERSION} COMPATIBILITY SameMajorVersion ARCH_INDEPENDENT)
configure_file(${CMAKE_SOURCE_DIR}/cmake/bocpy.pc.in ${BOCPY_SHARE}/pkgconfig/bocpy.pc @ONLY)
install(DIRECTORY ${BOCPY_SHARE}/cmake ${BOCPY_SHARE}/pkgconfig DESTINATION bocpy/share
        COMPONENT python EXCLUDE_FROM_ALL)
boc_link(${BOCPY_SHARE} ${BOC_PYTHON_TREE}/share)
