# andon, the exporter, and as the target "lab" the demonstration's shop; see
# docker-compose.yaml for both among their servers.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY cmd cmd
COPY pkg pkg
RUN CGO_ENABLED=0 go build -ldflags="-s -w" -o / ./cmd/andon ./cmd/andon-lab && mkdir /data

FROM gcr.io/distroless/static-debian12:nonroot AS lab
COPY --from=build /andon-lab /bin/andon-lab
ENTRYPOINT ["/bin/andon-lab"]
CMD ["shop"]

FROM gcr.io/distroless/static-debian12:nonroot AS andon
COPY --from=build /andon /bin/andon
# A volume takes over who owns the folder that it is put on.
COPY --from=build --chown=nonroot:nonroot /data /data
VOLUME /data
EXPOSE 9415
ENTRYPOINT ["/bin/andon"]
CMD ["serve", "--config.file=/etc/andon/andon.yml", "--storage.path=/data"]
