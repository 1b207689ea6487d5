using System.Net;
using System.Net.Sockets;
using Exai.Protocol;
using Exai.Settings;
using Exai.Settings.Certificates;
using Exai.Settings.Home;

namespace Exai.Daemon.Generations;

/// <summary>Asks the daemon that serves this home for its port and lock.</summary>
internal static class HandoverRequest
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <param name="serving">The daemon that serves, as its health file describes it.</param>
    /// <param name="now">It leaves its running calls to this one.</param>
    /// <exception cref="DaemonStartException">It does not make way; it still serves.</exception>
    public static async Task SendAsync(HealthDocument serving, ExaiSettings settings, bool now, TimeProvider time, CancellationToken cancellationToken)
    {
        using var handler = new SocketsHttpHandler { UseProxy = false };
        var address = Address(serving, now);
        if (TlsTrust.Own(settings.Link.Tls, serving) is { } trust)
        {
            handler.SslOptions = new ServerCheck(trust, address.Host).Options();
        }

        using var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        using var request = new HttpRequestMessage(HttpMethod.Post, address);
        request.Headers.Authorization = new("Bearer", settings.Link.Token ?? TokenFile.TryRead(settings.Home));
        using var limit = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var response = await client.SendAsync(request, either.Token);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                throw Refused(serving, response.StatusCode switch
                {
                    HttpStatusCode.Unauthorized => "it refused the token",
                    HttpStatusCode.NotFound => $"its version, {serving.Version}, cannot hand over",
                    _ => $"it answered {(int)response.StatusCode}",
                });
            }
        }
        catch (Exception failure) when (failure is HttpRequestException or SocketException or IOException)
        {
            throw Refused(serving, failure.Message, failure);
        }
        catch (OperationCanceledException failure) when (!cancellationToken.IsCancellationRequested)
        {
            throw Refused(serving, $"it did not answer within {Patience.TotalSeconds:0} s", failure);
        }
    }

    private static Uri Address(HealthDocument serving, bool now)
    {
        // A daemon that listens everywhere is reached at the loopback address.
        var host = IPAddress.TryParse(serving.Host.Trim('[', ']'), out var address) && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any))
            ? IPAddress.Loopback.ToString()
            : serving.Host;
        return new UriBuilder(serving.TlsCertificates.Count > 0 ? "https" : "http", host, serving.Port, HandoverEndpoint.Path) { Query = now ? HandoverEndpoint.Now : "" }.Uri;
    }

    private static DaemonStartException Refused(HealthDocument serving, string reason, Exception? failure = null) => new(
        $"The daemon that serves (process {serving.Pid}, port {serving.Port}) did not make way: {reason}. It still serves. " +
        "'exai restart --now' ends it, which loses no call; 'exai stop' and 'exai start' let it finish first.", failure);
}
