using System.Net;
using System.Net.WebSockets;
using System.Text.Json.Nodes;
using Exai.Cli.Client;
using Exai.Protocol;
using Exai.Settings;
using Exai.Settings.Certificates;
using Exai.Settings.Home;

namespace Exai.Cli.Doctor;

/// <summary>Whether a daemon runs, takes the shim's link, is of this version, and what it says of its store and the rest.</summary>
internal static class DaemonCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static async Task<IReadOnlyList<Finding>> LookAsync(ExaiSettings settings, TimeProvider time, CancellationToken cancellationToken)
    {
        if (settings.Link.Endpoints.Count > 0)
        {
            return await EndpointsAsync(settings, time, cancellationToken);
        }

        if (RunningDaemon.Find(settings) is not { } daemon)
        {
            return [NotRunning(settings)];
        }

        List<Finding> findings = [File(settings, daemon, time), await DialAsync(settings, daemon, time, cancellationToken), Version(daemon)];
        using var operations = OperationsClient.For(settings, daemon);
        if (operations is null)
        {
            findings.Add(Finding.Warning("store", "health", "The daemon serves no operations endpoint.", "Set MONITORING_ENABLED=true, or look why the port could not be taken (logs/daemon.log)."));
            return findings;
        }

        var (report, problem) = await operations.GetAsync("/health", cancellationToken);
        findings.AddRange(report?["components"] is JsonObject components
            ? components.Select(component => Component(component.Key, component.Value!))
            : [Finding.Broken("daemon", "health", problem ?? "no report", "'exai restart'; no call is lost.")]);
        return findings;
    }

    /// <summary>The shim needs one of them. What else is to be known of them is known where they run.</summary>
    private static async Task<IReadOnlyList<Finding>> EndpointsAsync(ExaiSettings settings, TimeProvider time, CancellationToken cancellationToken)
    {
        var findings = await Task.WhenAll(settings.Link.Endpoints.Select(endpoint => DialAsync(
            settings, endpoint, endpoint.ToString(), endpoint.Tls ? TlsTrust.Elsewhere(settings.Link.Tls) : null, time, cancellationToken)));
        return findings.Any(finding => finding.Status == FindingStatus.Ok)
            ? [.. findings.Select(finding => finding.Status == FindingStatus.Broken ? finding with { Status = FindingStatus.Warning } : finding)]
            : findings;
    }

    private static Finding NotRunning(ExaiSettings settings) =>
        Directory.Exists(settings.Home.Path) && OwnershipFile.Read(settings.Home).StoppedOnPurpose
            ? Finding.Broken("daemon", "process", "No daemon runs: it was stopped on purpose ('exai stop'), so shims do not start one.", "'exai start'")
            : settings.Link.Autostart
                ? Finding.Warning("daemon", "process", "No daemon runs; a client's first call starts one.", "'exai start' starts one now.")
                : Finding.Broken("daemon", "process", "No daemon runs, and EXAI_WS_AUTOSTART is off.", "'exai start', or let its manager start it.");

    private static Finding File(ExaiSettings settings, HealthDocument daemon, TimeProvider time)
    {
        var age = time.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds((long)(daemon.T * 1000));
        return age > settings.Link.HealthStale
            ? Finding.Warning("daemon", "health file", $"{settings.Home.HealthFile} is {age.TotalSeconds:0} s old.", "A daemon that is stuck is killed safely: no call is lost.")
            : Finding.Ok("daemon", "process", $"{daemon.Status}, process {daemon.Pid}, up {daemon.UptimeHuman}, {daemon.Sessions} sessions, health file {Math.Max(0, age.TotalSeconds):0} s old");
    }

    /// <summary>The link as a shim makes it, and let go at once.</summary>
    private static Task<Finding> DialAsync(ExaiSettings settings, HealthDocument daemon, TimeProvider time, CancellationToken cancellationToken)
    {
        var host = settings.Link.HostIsLoopback || !IPAddress.TryParse(settings.Link.Host, out var ip) || !ip.Equals(IPAddress.Any) ? settings.Link.Host : "127.0.0.1";
        return DialAsync(settings, new LinkAddress(host, daemon.Port), $"{settings.Link.Host}:{daemon.Port}", TlsTrust.Own(settings.Link.Tls, daemon), time, cancellationToken);
    }

    /// <param name="address">For people.</param>
    /// <param name="trust">Null dials without TLS.</param>
    private static async Task<Finding> DialAsync(
        ExaiSettings settings, LinkAddress place, string address, TlsTrust? trust, TimeProvider time, CancellationToken cancellationToken)
    {
        var check = trust is null ? null : new ServerCheck(trust, place.Host);
        using var handler = new SocketsHttpHandler { UseProxy = false };
        if (check is not null)
        {
            handler.SslOptions = check.Options();
        }

        using var dialer = new HttpMessageInvoker(handler);
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        socket.Options.AddSubProtocol(LinkContract.Subprotocol);
        socket.Options.SetRequestHeader(LinkContract.SessionHeader, "doctor");
        socket.Options.SetRequestHeader("Authorization", $"Bearer {settings.Link.Token ?? TokenFile.TryRead(settings.Home)}");
        using var limit = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await socket.ConnectAsync(new UriBuilder(check is null ? "ws" : "wss", place.Host, place.Port, LinkContract.Path).Uri, dialer, either.Token);
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", either.Token);
            return Finding.Ok("daemon", "link", $"{address} takes this home's token{(check is not null ? ", and speaks TLS" : LinkSettings.IsLoopback(place.Host) ? "" : "; nothing is encrypted on the way there")}");
        }
        catch (Exception failure) when (failure is WebSocketException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return socket.HttpStatusCode switch
            {
                _ when check?.Refusal is { } refusal => Finding.Broken("daemon", "link", $"The TLS certificate of {address} is not accepted.", refusal),
                HttpStatusCode.Unauthorized => Finding.Broken("daemon", "link", $"{address} refuses this home's token.", "Let shim and daemon use the same EXAI_HOME or EXAI_WS_TOKEN, then 'exai restart'."),
                default(HttpStatusCode) => Finding.Broken("daemon", "link", $"{address} does not answer: {failure.Message}{(failure.InnerException is { } inner ? $" ({inner.Message})" : "")}", "'exai restart'; if a firewall is in the way, let loopback through."),
                HttpStatusCode.Forbidden => Finding.Broken("daemon", "link", $"{address} answers 403: that daemon does not take this host name.", "Add the name to the daemon's EXAI_ALLOWED_HOSTS."),
                var status => Finding.Broken("daemon", "link", $"{address} answers {(int)status}.", "'exai restart'"),
            };
        }
    }

    private static Finding Version(HealthDocument daemon) => daemon.Version == Product.Version
        ? Finding.Ok("version", "daemon", $"{daemon.Version}, as this program")
        : Finding.Warning("version", "daemon", $"The daemon is {daemon.Version}, this program {Product.Version}.", "'exai restart' lets the new version serve; running calls go on.");

    private static Finding Component(string name, JsonNode component)
    {
        var link = name is "store" or "disk" ? "store" : "daemon";
        var reason = (string)component["reason"]!;
        return (string?)component["status"] switch
        {
            "ok" => Finding.Ok(link, name, reason),
            "warning" => Finding.Warning(link, name, reason, "See the evidence; docs/operations.md explains each component."),
            _ => Finding.Broken(link, name, reason, "See the evidence; docs/operations.md explains each component."),
        };
    }
}
