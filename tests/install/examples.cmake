# cmake -DPREFIX= -DSOURCE= -DWORK= -DGENERATOR= -DMAKE_PROGRAM= -DC_COMPILER= -DCTEST=
#       -P examples.cmake
#
# The examples as a project of their own: public headers only, from the installed package.
include(${CMAKE_CURRENT_LIST_DIR}/steps.cmake)

file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} -G ${GENERATOR} -S ${SOURCE} -B ${WORK} -DCMAKE_PREFIX_PATH=${PREFIX}
    -DCMAKE_C_COMPILER=${C_COMPILER} -DCMAKE_MAKE_PROGRAM=${MAKE_PROGRAM}
    -DCMAKE_C_FLAGS=-Werror)
run(${CMAKE_COMMAND} --build ${WORK})
run(${CTEST} --test-dir ${WORK} --output-on-failure --no-tests=error)
