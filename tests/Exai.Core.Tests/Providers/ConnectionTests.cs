using System.Net.Sockets;
using Exai.Core.Providers;
using Exai.Protocol;

namespace Exai.Core.Tests.Providers;

public sealed class ConnectionTests
{
    [Fact]
    public async Task Unreachable_host_is_named()
    {
        var handler = new VerbatimHandler { SendFailure = new HttpRequestException(HttpRequestError.NameResolutionError, "with http://user:pass@proxy") };
        var failed = (await Wire.RunAsync(Wire.Glm(handler), Wire.Options("glm-4.6"))).Failed;

        (failed.Error.Code, failed.Error.Stage, failed.FailureClass).ShouldBe((ErrorCodes.ProviderError, Stages.Connect, FailureClass.RetryShort));
        failed.Message.ShouldContain("cannot reach api.z.ai for glm-4.6 (NameResolutionError)");
        failed.Message.ShouldNotContain("pass@");
    }

    [Fact]
    public async Task Connect_timeout_of_the_real_handler_is_the_connect_clock()
    {
        var endpoint = new ProviderEndpoint { Name = "glm", BaseUrl = new Uri("http://glm.invalid/v4"), ConnectTimeout = TimeSpan.FromMilliseconds(1) };
        using var handler = ProviderHttp.CreateHandler(endpoint);
        handler.UseProxy = false;
        handler.ConnectCallback = async (_, cancellationToken) =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            return Stream.Null;
        };
        var signals = new Signals();
        var client = ProviderClients.Kimi(endpoint, Wire.Catalogue, new FixedTime(), handler);
        var failed = (await Wire.RunAsync(client, Wire.Options("kimi-k3", new AttemptOptions { Signals = signals }))).Failed;

        (failed.Error.Code, failed.Error.Clock, failed.Error.Stage).ShouldBe((ErrorCodes.Timeout, Clocks.Connect, Stages.Connect));
        failed.Message.ShouldContain("within 0.001 s");
        signals.Told.ShouldBeEmpty();
    }

    [Fact]
    public async Task Refused_connection_of_the_real_handler_fails_at_stage_connect()
    {
        var endpoint = new ProviderEndpoint { Name = "local", BaseUrl = new Uri("http://local.invalid/v1") };
        using var handler = ProviderHttp.CreateHandler(endpoint);
        handler.UseProxy = false;
        handler.ConnectCallback = (_, _) => throw new SocketException((int)SocketError.ConnectionRefused);
        var failed = (await Wire.RunAsync(ProviderClients.Generic(endpoint, Wire.Catalogue, new FixedTime(), handler), Wire.Options("m"))).Failed;

        (failed.Error.Code, failed.Error.Stage, failed.FailureClass).ShouldBe((ErrorCodes.ProviderError, Stages.Connect, FailureClass.RetryShort));
        failed.Message.ShouldContain("cannot reach local.invalid");
    }

    [Fact]
    public async Task Connection_dropped_before_the_headers_fails_at_stage_headers()
    {
        var endpoint = new ProviderEndpoint { Name = "local", BaseUrl = new Uri("http://local.invalid/v1") };
        using var handler = ProviderHttp.CreateHandler(endpoint);
        handler.UseProxy = false;
        handler.ConnectCallback = (_, _) => ValueTask.FromResult<Stream>(new DeafStream());
        var signals = new Signals();
        var failed = (await Wire.RunAsync(
            ProviderClients.Generic(endpoint, Wire.Catalogue, new FixedTime(), handler), Wire.Options("m", new AttemptOptions { Signals = signals }))).Failed;

        (failed.Error.Code, failed.Error.Stage, failed.FailureClass).ShouldBe((ErrorCodes.ProviderError, Stages.Headers, FailureClass.RetryShort));
        signals.Told.ShouldBe(["connected"]);
    }

    [Fact]
    public async Task Signals_hear_of_connection_headers_and_every_read_comments_included()
    {
        var signals = new Signals();
        var handler = new VerbatimHandler
        {
            Reads = [Wire.Utf8(": keep-"), Wire.Utf8("alive\n\n"), Wire.Utf8(Wire.Events(Wire.Delta("\"content\":\"Hi\"", "stop"), "[DONE]"))],
        };
        await Wire.RunAsync(Wire.Glm(handler), Wire.Options("glm-4.6", new AttemptOptions { Signals = signals }));

        signals.Told.ShouldBe(["connected", "headers", "bytes", "bytes", "bytes"]);
    }

    [Fact]
    public async Task Cancellation_by_the_caller_passes_as_it_is_and_drops_the_response()
    {
        using var cancelled = new CancellationTokenSource();
        var handler = new VerbatimHandler { Reads = [Wire.Utf8(Wire.Events(Wire.Delta("\"content\":\"Hi\"")))], Hangs = true };
        using var client = Wire.Glm(handler);

        var thrown = await Should.ThrowAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in client.GetStreamingResponseAsync(Wire.Hello(), Wire.Options("glm-4.6"), cancelled.Token))
                await cancelled.CancelAsync();
        });
        thrown.CancellationToken.ShouldBe(cancelled.Token);
        handler.Body.ShouldNotBeNull().IsDisposed.ShouldBeTrue();
    }

    /// <summary>The dial itself goes on to its own clock, for whoever asks next.</summary>
    [Fact]
    public async Task Cancellation_while_the_connection_is_dialled_ends_the_attempt_at_once()
    {
        using var cancelled = new CancellationTokenSource();
        var endpoint = new ProviderEndpoint { Name = "local", BaseUrl = new Uri("http://local.invalid/v1") };
        var dialled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var neverConnected = new TaskCompletionSource<Stream>();
        using var handler = ProviderHttp.CreateHandler(endpoint);
        handler.UseProxy = false;
        handler.ConnectCallback = async (_, _) =>
        {
            dialled.SetResult();
            return await neverConnected.Task;
        };
        using var client = ProviderClients.Generic(endpoint, Wire.Catalogue, new FixedTime(), handler);

        var asking = client.GetResponseAsync(Wire.Hello(), Wire.Options("m"), cancelled.Token);
        await dialled.Task;
        await cancelled.CancelAsync();

        (await Should.ThrowAsync<OperationCanceledException>(asking)).CancellationToken.ShouldBe(cancelled.Token);
        neverConnected.SetCanceled(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Reader_that_stops_early_drops_the_response()
    {
        var handler = new VerbatimHandler { Reads = [Wire.Utf8(Wire.Events(Wire.Delta("\"content\":\"Hi\"")))], Hangs = true };
        using var client = Wire.Glm(handler);

        await foreach (var _ in client.GetStreamingResponseAsync(Wire.Hello(), Wire.Options("glm-4.6")))
            break;

        handler.Body.ShouldNotBeNull().IsDisposed.ShouldBeTrue();
    }

    [Fact]
    public async Task Connection_torn_down_by_the_caller_s_cancel_is_a_cancellation()
    {
        using var cancelled = new CancellationTokenSource();
        var handler = new VerbatimHandler { Reads = [Wire.Utf8(Wire.Events(Wire.Delta("\"content\":\"Hi\"")))], BodyFailure = new IOException("aborted") };
        using var client = Wire.Glm(handler);

        await Should.ThrowAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in client.GetStreamingResponseAsync(Wire.Hello(), Wire.Options("glm-4.6"), cancelled.Token))
                await cancelled.CancelAsync();
        });
    }

    [Fact]
    public void Handler_follows_the_endpoint_s_settings()
    {
        using var handler = ProviderHttp.CreateHandler(
            new ProviderEndpoint { Name = "glm", BaseUrl = new Uri("https://api.z.ai"), MaxConnections = 7, ConnectTimeout = TimeSpan.FromSeconds(3) });

        (handler.MaxConnectionsPerServer, handler.ConnectTimeout, handler.PooledConnectionLifetime)
            .ShouldBe((7, TimeSpan.FromSeconds(3), TimeSpan.FromMinutes(5)));
        (handler.PooledConnectionIdleTimeout, handler.ResponseDrainTimeout).ShouldBe((TimeSpan.FromMinutes(3), TimeSpan.FromMilliseconds(250)));
        (handler.KeepAlivePingPolicy, handler.KeepAlivePingDelay).ShouldBe((HttpKeepAlivePingPolicy.WithActiveRequests, TimeSpan.FromSeconds(30)));
        (handler.UseProxy, handler.UseCookies, handler.AllowAutoRedirect).ShouldBe((true, false, false));
    }

    [Theory]
    [InlineData("https://api.z.ai/v4", "2.0")]
    [InlineData("http://localhost:11434/v1", "1.1")]
    public void Client_offers_http_2_only_where_tls_can_agree_on_it(string url, string version)
    {
        using var client = ProviderHttp.CreateClient(new ProviderEndpoint { Name = "x", BaseUrl = new Uri(url) });

        client.DefaultRequestVersion.ShouldBe(Version.Parse(version));
        client.DefaultVersionPolicy.ShouldBe(HttpVersionPolicy.RequestVersionOrLower);
        client.Timeout.ShouldBe(Timeout.InfiniteTimeSpan);
    }

    [Fact]
    public void Endpoint_prints_without_its_key_trap_199() => Wire.GlmEndpoint().ToString().ShouldBe("glm at api.z.ai");

    private sealed class Signals : IAttemptSignals
    {
        public List<string> Told { get; } = [];

        public void Connected() => Told.Add("connected");

        public void HeadersReceived() => Told.Add("headers");

        public void BytesReceived() => Told.Add("bytes");
    }

    /// <summary>Takes the request and closes without a word.</summary>
    private sealed class DeafStream : MemoryStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromResult(0);
    }
}
