# The C library as a product: the shared library, and what `cmake --install` puts where.
#
#   boc::boc          shared, hidden visibility, soname libboc.so.MAJOR.MINOR
#   boc::boc_static   the archive
#   boc::boc_seeded   the archive for tests of programs, see boc/seeds.h
#
# Components: `runtime` is what a linked program needs, `development` is the rest.  The
# Python package is a component of its own that a plain `cmake --install` leaves out.

include(CMakePackageConfigHelpers)

set(BOC_SEEDED)
if(TARGET boc_sys)
  set(BOC_SEEDED boc_sys)
endif()

# The same objects as in the archive: those are position-independent and hidden already.
add_library(boc_shared SHARED $<TARGET_OBJECTS:boc>)
target_include_directories(boc_shared INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(boc_shared PRIVATE Threads::Threads)
# Before 1.0 a minor version may break programs, so it is part of the soname.
set_target_properties(boc_shared PROPERTIES
  OUTPUT_NAME boc
  LINKER_LANGUAGE C
  VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
  EXPORT_NAME boc)
set_target_properties(boc PROPERTIES EXPORT_NAME boc_static)
if(BOC_LTO_WORKS AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
  # Whoever links the archive may have another compiler.
  foreach(archive boc ${BOC_SEEDED})
    target_compile_options(${archive} PRIVATE -ffat-lto-objects)
  endforeach()
endif()

set(BOC_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/boc)
install(TARGETS boc boc_shared ${BOC_SEEDED} EXPORT boc-targets
  RUNTIME COMPONENT runtime
  LIBRARY COMPONENT runtime NAMELINK_COMPONENT development
  ARCHIVE COMPONENT development)
install(DIRECTORY include/boc TYPE INCLUDE COMPONENT development FILES_MATCHING PATTERN "*.h")
install(EXPORT boc-targets NAMESPACE boc:: DESTINATION ${BOC_PACKAGE_DIR} COMPONENT development)
configure_package_config_file(cmake/boc-config.cmake.in ${PROJECT_BINARY_DIR}/boc-config.cmake
  INSTALL_DESTINATION ${BOC_PACKAGE_DIR})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/boc-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/boc-config.cmake
  ${PROJECT_BINARY_DIR}/boc-config-version.cmake
  DESTINATION ${BOC_PACKAGE_DIR} COMPONENT development)

# boc.pc says where it is relative to itself, so that the prefix may be chosen at install.
file(RELATIVE_PATH BOC_PC_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" BOC_PC_PREFIX "\${pcfiledir}/${BOC_PC_PREFIX}")
foreach(folder LIBDIR INCLUDEDIR)
  if(IS_ABSOLUTE "${CMAKE_INSTALL_${folder}}")
    set(BOC_PC_${folder} "${CMAKE_INSTALL_${folder}}")
  else()
    set(BOC_PC_${folder} "\${prefix}/${CMAKE_INSTALL_${folder}}")
  endif()
endforeach()
configure_file(cmake/boc.pc.in ${PROJECT_BINARY_DIR}/boc.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/boc.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
  COMPONENT development)
