OPENQASM 3.0;
include "stdgates.inc";
// (|00> + |11>)/sqrt(2)
qubit[2] q;
bit[2] c;
h q[0];
cx q[0], q[1];
c = measure q;
