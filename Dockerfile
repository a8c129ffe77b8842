# andon, the exporter; see docker-compose.yaml for it among its servers.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY cmd cmd
COPY pkg pkg
RUN CGO_ENABLED=0 go build -ldflags="-s -w" -o /andon ./cmd/andon && mkdir /data

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /andon /bin/andon
# A volume takes over who owns the folder that it is put on.
COPY --from=build --chown=nonroot:nonroot /data /data
VOLUME /data
EXPOSE 9415
ENTRYPOINT ["/bin/andon"]
CMD ["serve", "--config.file=/etc/andon/andon.yml", "--storage.path=/data"]
