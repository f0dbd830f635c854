# Images from one file: operator (with the qee command), runner-aer, runner-cirq, and for each vendor connector-VENDOR.
#   docker build --target runner-aer .
# The secret `pip`, a pip.conf, is for networks with an index of their own: docker build --secret id=pip,src=pip.conf ...
# BASE needs Python 3.11 or newer with venv, and libseccomp2. Any Debian with python3-venv will do. A tag moves: images for
# others are built on a digest, --build-arg BASE=python:3.13-slim-trixie@sha256:..., which
# `docker buildx imagetools inspect python:3.13-slim-trixie` prints.
ARG BASE=python:3.13-slim-trixie
# liboqs: `upstream`, or `context` where upstream is out of reach: then liboqs/ in the build context holds it, built.
ARG LIBOQS=upstream

FROM ${BASE} AS liboqs-upstream
# The tag, and the commit that it must be.
ARG LIBOQS_RELEASE=0.16.0
ARG LIBOQS_COMMIT=5a1a854b0dc9f2141bdc771c555ee60c37950183
RUN apt-get update -q && apt-get install -y -q --no-install-recommends ca-certificates cmake gcc git libc6-dev make
RUN git clone -q --depth 1 --branch "$LIBOQS_RELEASE" https://github.com/open-quantum-safe/liboqs /build/source \
 && test "$(git -C /build/source rev-parse HEAD)" = "$LIBOQS_COMMIT" \
 && cmake -S /build/source -B /build/out -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=ON -DOQS_BUILD_ONLY_LIB=ON \
    -DOQS_DIST_BUILD=OFF -DOQS_OPT_TARGET=generic -DOQS_USE_OPENSSL=OFF \
    "-DOQS_MINIMAL_BUILD=SIG_ml_dsa_44;SIG_ml_dsa_65;SIG_ml_dsa_87" \
    -DCMAKE_INSTALL_PREFIX=/build/installed -DCMAKE_INSTALL_LIBDIR=lib \
 && cmake --build /build/out --parallel && cmake --install /build/out \
 && mkdir -p /liboqs/lib /liboqs/share/doc/liboqs && cp -P /build/installed/lib/liboqs.so* /liboqs/lib/ \
 && cp /build/source/LICENSE.txt /liboqs/share/doc/liboqs/

FROM scratch AS liboqs-context
COPY liboqs/ /liboqs/

FROM liboqs-${LIBOQS} AS liboqs

# pip lives apart from what it installs and is only mounted for that, so that no image carries it.
FROM ${BASE} AS build
COPY requirements/build.txt requirements/install /build/
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    python3 -m venv /build/pip && /build/pip/bin/pip install -q --no-cache-dir --require-hashes -r /build/build.txt
RUN python3 -m venv --without-pip /opt/qee

# The project itself is the last layer of each image: a change of source installs no package again, and renames only the
# images that contain it. Each room stands here once: what verifies has the runner's rooms, and some more.
FROM build AS rooms-runner
COPY pyproject.toml LICENSE /build/project/
COPY operator/qee/__init__.py operator/qee/py.typed /build/project/operator/qee/
COPY operator/qee/api /build/project/operator/qee/api
COPY operator/qee/circuits /build/project/operator/qee/circuits
COPY operator/qee/devices /build/project/operator/qee/devices
COPY operator/qee/documents /build/project/operator/qee/documents
COPY operator/qee/runner /build/project/operator/qee/runner
COPY operator/qee/sdk /build/project/operator/qee/sdk
RUN touch /build/project/README.md

FROM rooms-runner AS project-runner
RUN /build/install /build/project

FROM rooms-runner AS rooms-verifying
COPY operator/qee/process.py /build/project/operator/qee/
COPY operator/qee/core /build/project/operator/qee/core
COPY operator/qee/kube /build/project/operator/qee/kube
COPY operator/qee/observe /build/project/operator/qee/observe
COPY operator/qee/signing /build/project/operator/qee/signing

FROM rooms-verifying AS project-connector
COPY operator/qee/connectors /build/project/operator/qee/connectors
RUN /build/install /build/project

FROM rooms-verifying AS project-operator
COPY operator/qee/app.py /build/project/operator/qee/
COPY operator/qee/certs /build/project/operator/qee/certs
COPY operator/qee/cli /build/project/operator/qee/cli
COPY operator/qee/controller /build/project/operator/qee/controller
COPY operator/qee/results /build/project/operator/qee/results
COPY operator/qee/schema /build/project/operator/qee/schema
COPY operator/qee/webhook /build/project/operator/qee/webhook
RUN /build/install /build/project

# The official image has no byte code of the standard library, which costs every start of Python a tenth of a second.
FROM ${BASE} AS runtime
RUN stdlib=$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))') \
 && find / -xdev -depth \( -path "$stdlib/ensurepip*" -o -path "$stdlib/idlelib*" -o -path "*/site-packages/pip*" \
    -o -path "/usr/local/bin/pip*" -o -path "/usr/local/bin/idle*" -o -path "/usr/share/python-wheels*" \) -delete \
 && python3 -m compileall -q "$stdlib" \
 && python3 -m venv --without-pip /opt/qee \
 && ldconfig -p | grep -q libseccomp.so.2 \
 && echo 'nonroot:x:65532:65532::/tmp:/usr/sbin/nologin' >> /etc/passwd && echo 'nonroot:x:65532:' >> /etc/group
ENV PATH=/opt/qee/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

# The locks stay in the images: they say what is inside. They are copied, not mounted, for builders take no notice of
# changes in what is mounted.
FROM runtime AS verifying
COPY --from=liboqs /liboqs/ /usr/local/
RUN /sbin/ldconfig
COPY requirements/build.txt requirements/install requirements/operator.txt /opt/qee/requirements/
RUN --mount=type=bind,from=build,source=/build,target=/build --mount=type=cache,target=/root/.cache/pip \
    --mount=type=secret,id=pip,target=/etc/pip.conf \
    /opt/qee/requirements/install /opt/qee/requirements/operator.txt

FROM verifying AS operator
COPY --from=project-operator /opt/qee /opt/qee
RUN python -c "from qee.signing.libraries import Suite; Suite.required()"
USER 65532:65532
ENTRYPOINT ["python", "-m", "qee.app"]

FROM runtime AS runner-aer
COPY requirements/build.txt requirements/install requirements/aer.txt /opt/qee/requirements/
RUN --mount=type=bind,from=build,source=/build,target=/build --mount=type=cache,target=/root/.cache/pip \
    --mount=type=secret,id=pip,target=/etc/pip.conf \
    /opt/qee/requirements/install /opt/qee/requirements/aer.txt
COPY --from=project-runner /opt/qee /opt/qee
USER 65532:65532
ENTRYPOINT ["python", "-m", "qee.runner"]

FROM runtime AS runner-cirq
COPY requirements/build.txt requirements/install requirements/cirq.txt /opt/qee/requirements/
RUN --mount=type=bind,from=build,source=/build,target=/build --mount=type=cache,target=/root/.cache/pip \
    --mount=type=secret,id=pip,target=/etc/pip.conf \
    /opt/qee/requirements/install /opt/qee/requirements/cirq.txt
COPY --from=project-runner /opt/qee /opt/qee
USER 65532:65532
ENTRYPOINT ["python", "-m", "qee.runner"]

# A connector verifies in the operator's environment, and calls the vendor's SDK in one of its own: their pins differ.
# The same image compiles: `python` on its path is the SDK's.
FROM verifying AS connector
RUN python3 -m venv --without-pip /opt/sdk
ENV PATH=/opt/sdk/bin:/opt/qee/bin:/usr/local/bin:/usr/bin:/bin

FROM connector AS connector-ibm
COPY requirements/ibm.txt /opt/qee/requirements/
RUN --mount=type=bind,from=build,source=/build,target=/build --mount=type=cache,target=/root/.cache/pip \
    --mount=type=secret,id=pip,target=/etc/pip.conf \
    /opt/qee/requirements/install /opt/qee/requirements/ibm.txt /opt/sdk
COPY --from=project-connector /opt/qee /opt/qee
COPY --from=project-connector /opt/qee/lib /opt/sdk/lib
USER 65532:65532
ENTRYPOINT ["/opt/qee/bin/python", "-m", "qee.connectors"]

FROM connector AS connector-braket
COPY requirements/braket.txt /opt/qee/requirements/
RUN --mount=type=bind,from=build,source=/build,target=/build --mount=type=cache,target=/root/.cache/pip \
    --mount=type=secret,id=pip,target=/etc/pip.conf \
    /opt/qee/requirements/install /opt/qee/requirements/braket.txt /opt/sdk
COPY --from=project-connector /opt/qee /opt/qee
COPY --from=project-connector /opt/qee/lib /opt/sdk/lib
USER 65532:65532
ENTRYPOINT ["/opt/qee/bin/python", "-m", "qee.connectors"]

FROM connector AS connector-ionq
COPY requirements/ionq.txt /opt/qee/requirements/
RUN --mount=type=bind,from=build,source=/build,target=/build --mount=type=cache,target=/root/.cache/pip \
    --mount=type=secret,id=pip,target=/etc/pip.conf \
    /opt/qee/requirements/install /opt/qee/requirements/ionq.txt /opt/sdk
COPY --from=project-connector /opt/qee /opt/qee
COPY --from=project-connector /opt/qee/lib /opt/sdk/lib
USER 65532:65532
ENTRYPOINT ["/opt/qee/bin/python", "-m", "qee.connectors"]

FROM connector AS connector-azure
COPY requirements/azure.txt /opt/qee/requirements/
RUN --mount=type=bind,from=build,source=/build,target=/build --mount=type=cache,target=/root/.cache/pip \
    --mount=type=secret,id=pip,target=/etc/pip.conf \
    /opt/qee/requirements/install /opt/qee/requirements/azure.txt /opt/sdk
COPY --from=project-connector /opt/qee /opt/qee
COPY --from=project-connector /opt/qee/lib /opt/sdk/lib
USER 65532:65532
ENTRYPOINT ["/opt/qee/bin/python", "-m", "qee.connectors"]

FROM connector AS connector-google
COPY requirements/google.txt /opt/qee/requirements/
RUN --mount=type=bind,from=build,source=/build,target=/build --mount=type=cache,target=/root/.cache/pip \
    --mount=type=secret,id=pip,target=/etc/pip.conf \
    /opt/qee/requirements/install /opt/qee/requirements/google.txt /opt/sdk
COPY --from=project-connector /opt/qee /opt/qee
COPY --from=project-connector /opt/qee/lib /opt/sdk/lib
USER 65532:65532
ENTRYPOINT ["/opt/qee/bin/python", "-m", "qee.connectors"]
