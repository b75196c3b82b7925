# cmake -DPREFIX= -DSOURCE= -DWORK= -DGENERATOR= -DMAKE_PROGRAM= -DC_COMPILER= -DCTEST=
#       -P examples.cmake
#
# The examples as a project of their own: public headers only, from the installed package.
include(${CMAKE_CURRENT_LIST_DIR}/steps.cmake)

build_project()
run(${CTEST} --test-dir ${WORK} --output-on-failure --no-tests=error)
