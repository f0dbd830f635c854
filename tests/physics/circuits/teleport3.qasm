OPENQASM 3.0;
include "stdgates.inc";
// As teleport.qasm, with single bits and blocks
qubit[3] q;
bit zbit;
bit xbit;
bit out;
ry(1.2) q[0];
h q[1];
cx q[1], q[2];
cx q[0], q[1];
h q[0];
zbit = measure q[0];
xbit = measure q[1];
if (xbit) { x q[2]; }
if (zbit == true) { z q[2]; }
out = measure q[2];
