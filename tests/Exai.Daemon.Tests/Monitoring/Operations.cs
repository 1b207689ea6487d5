using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace Exai.Daemon.Tests.Monitoring;

/// <summary>The operations endpoint as its visitors use it.</summary>
internal static class Operations
{
    public static async Task<HttpResponseMessage> AskAsync(
        this DaemonFixture daemon, string path, string? token = DaemonFixture.Token, HttpMethod? method = null, Action<HttpRequestMessage>? set = null)
    {
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, $"http://127.0.0.1:{daemon.Host.MonitoringPort}{path}");
        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        set?.Invoke(request);
        var response = await http.SendAsync(request, Patience.Token());
        await response.Content.LoadIntoBufferAsync(Patience.Token());
        return response;
    }

    public static async Task<string> TextAsync(this DaemonFixture daemon, string path)
    {
        using var response = await daemon.AskAsync(path);
        return await response.Content.ReadAsStringAsync(Patience.Token());
    }

    public static async Task<JsonObject> JsonAsync(this DaemonFixture daemon, string path) => (JsonObject)JsonNode.Parse(await daemon.TextAsync(path))!;

    /// <summary>Waits until a series has this value.</summary>
    public static async Task CountAsync(this DaemonFixture daemon, string series, double value)
    {
        var patience = Patience.Token();
        double? seen = null;
        while (seen != value)
        {
            if (patience.IsCancellationRequested)
            {
                throw new TimeoutException($"{series} is {seen}, not {value}.");
            }

            seen = Metrics(await daemon.TextAsync("/metrics"))[series];
        }
    }

    /// <summary>Values by series, labels in the order of their names.</summary>
    public static Dictionary<string, double> Metrics(string text) => text.Split('\n').Where(line => line.Length > 0 && line[0] != '#').ToDictionary(
        line => Sorted(line[..line.LastIndexOf(' ')]), line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));

    private static string Sorted(string series) => series.IndexOf('{') is var brace and > 0
        ? $"{series[..brace]}{{{string.Join(',', series[(brace + 1)..^1].Split(',').Order(StringComparer.Ordinal))}}}"
        : series;
}
