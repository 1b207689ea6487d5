using System.Diagnostics.Metrics;
using System.Net.Security;
using System.Security.Authentication;
using Exai.Settings;
using Exai.Settings.Certificates;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace Exai.Daemon.Security;

/// <summary>
/// The certificate that the daemon's ports show. The files are read every few seconds, by their content: so it is no matter whether they were
/// written, replaced, or a link to them was turned. A new pair is shown to new connections; one that cannot be used leaves the one before in its place,
/// and people are told. Thread-safe.
/// </summary>
internal sealed class ServedCertificate : IAsyncDisposable
{
    /// <summary>Between two looks at the files.</summary>
    public static readonly TimeSpan Look = TimeSpan.FromSeconds(5);

    /// <summary>A new certificate stands in the health file this long before anybody sees it, so that whoever goes by that file knows it.</summary>
    public static readonly TimeSpan Notice = TimeSpan.FromSeconds(1);

    /// <summary>A client that begins and does not go on with the handshake costs a socket no longer than this.</summary>
    private static readonly TimeSpan HandshakePatience = TimeSpan.FromSeconds(10);

    private readonly TlsSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _end = new();
    private readonly Task _watching;
    private volatile State _state;
    private long _used;
    private long _refused;

    private ServedCertificate(TlsSettings settings, TimeProvider time, ILogger logger)
    {
        (_settings, _time, _logger) = (settings, time, logger);
        var files = CertificateFiles.Read(settings);
        _state = new State(files, ServerCertificate.Load(files, settings, time.GetUtcNow()));
        _watching = WatchAsync();
    }

    /// <summary>What <see cref="Fingerprints"/> or <see cref="Problems"/> say has changed. From any thread.</summary>
    public event Action? Changed;

    /// <summary>Of all that a connection may be shown at this moment.</summary>
    public IReadOnlyList<string> Fingerprints => [.. _state.All.Select(certificate => certificate.Fingerprint)];

    /// <summary>For whom it is and how long, for people.</summary>
    public string Description => $"TLS as {_state.Shown.Names}, until {CertificateText.Time(_state.Shown.Ends)}";

    /// <summary>Null when the settings name none: the ports speak plain.</summary>
    /// <exception cref="CertificateException">The files cannot be used; the message names the setting, the file and what is wrong.</exception>
    public static ServedCertificate? Start(TlsSettings settings, TimeProvider time, ILogger logger) =>
        settings.Serves ? new ServedCertificate(settings, time, logger) : null;

    /// <summary>What people should know and mend.</summary>
    public IReadOnlyList<string> Problems()
    {
        var state = _state;
        return
        [
            .. state.Failure is { } failure ? [$"{failure} The certificate from before is shown until the files are mended."] : (string[])[],
            .. state.Shown.Warning(_time.GetUtcNow()) is { } ends ? [ends] : (string[])[],
        ];
    }

    public void Measure(Meter meter)
    {
        meter.CreateObservableGauge("exai_tls_certificate_end_timestamp_seconds", () => _state.Shown.Ends.ToUnixTimeSeconds(), "s", "When the certificate ends that the daemon shows, Unix time.");
        meter.CreateObservableCounter(
            "exai_tls_reloads_total",
            () => (Measurement<long>[])[Reloads(ref _used, "used"), Reloads(ref _refused, "refused")],
            description: "New certificates that the daemon found in its files.");
    }

    /// <summary>Connections to this port begin with TLS from now on. HTTP/1.1 as on a plain port, so that a link is opened in one way.</summary>
    public void Secure(ListenOptions port)
    {
        port.Protocols = HttpProtocols.Http1;
        port.UseHttps(new TlsHandshakeCallbackOptions
        {
            HandshakeTimeout = HandshakePatience,
            OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
            {
                ServerCertificateContext = _state.Shown.Context,
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            }),
        });
    }

    public async ValueTask DisposeAsync()
    {
        _end.Cancel();
        await _watching;
        _end.Dispose();
    }

    private static Measurement<long> Reloads(ref long count, string outcome) => new(Interlocked.Read(ref count), new KeyValuePair<string, object?>("outcome", outcome));

    private async Task WatchAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(Look, _time, _end.Token);
                await LookAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The daemon ends.
        }
    }

    private async Task LookAsync()
    {
        var before = _state;
        try
        {
            var files = CertificateFiles.Read(_settings);
            if (files == before.Files)
            {
                Set(before with { Failure = null, Suspect = null });
                return;
            }

            var next = ServerCertificate.Load(files, _settings, _time.GetUtcNow());
            Set(before with { Next = next });
            await Task.Delay(Notice, _time, _end.Token);
            Set(new State(files, next) { Previous = before.Shown });
            Interlocked.Increment(ref _used);
            TlsEvents.Renewed(_logger, next.Names, CertificateText.Time(next.Ends));
            await Task.Delay(Notice, _time, _end.Token);
            Set(new State(files, next));
        }
        catch (CertificateException failure) when (before.Suspect is null)
        {
            // Two files are rarely replaced at one moment: what does not fit now may fit at the next look.
            Set(before with { Suspect = failure.Message });
        }
        catch (CertificateException failure)
        {
            if (before.Failure != failure.Message)
            {
                Interlocked.Increment(ref _refused);
                TlsEvents.Refused(_logger, failure.Message);
            }

            Set(before with { Failure = failure.Message });
        }
    }

    private void Set(State state)
    {
        var changed = state != _state;
        _state = state;
        if (changed)
        {
            Changed?.Invoke();
        }
    }

    /// <param name="Files">What <paramref name="Shown"/> was made of.</param>
    /// <param name="Shown">What a handshake that begins now gets.</param>
    private sealed record State(CertificateFiles Files, ServerCertificate Shown)
    {
        /// <summary>About to be shown.</summary>
        public ServerCertificate? Next { get; init; }

        /// <summary>Shown until a moment ago, so that a handshake may still be at it.</summary>
        public ServerCertificate? Previous { get; init; }

        /// <summary>What was wrong with the files at the last look.</summary>
        public string? Suspect { get; init; }

        /// <summary>What was wrong with them at two looks.</summary>
        public string? Failure { get; init; }

        public IEnumerable<ServerCertificate> All => ((ServerCertificate?[])[Shown, Next, Previous]).OfType<ServerCertificate>();
    }
}

/// <summary>What the certificate's keeper writes to the log. Event ids 1320–1329.</summary>
internal static partial class TlsEvents
{
    [LoggerMessage(1320, LogLevel.Information, "New connections get the new certificate, for {Names}, until {End}")]
    public static partial void Renewed(ILogger logger, string names, string end);

    [LoggerMessage(1321, LogLevel.Warning, "The new certificate is not used, the one from before is: {Reason}")]
    public static partial void Refused(ILogger logger, string reason);
}
