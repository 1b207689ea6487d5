using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using Exai.Peers;

namespace Exai.Scale;

/// <summary>
/// Sessions that are connected and ask nothing. The first of them are real shims, as many as memory allows; the others are links that this program holds, which
/// cost the daemon the same.
/// </summary>
internal static class SessionScale
{
    private const int MostShims = 200;
    private const int RoundTrips = 2_000;
    private const string Hello = """{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}""";
    private const string Initialized = """{"jsonrpc":"2.0","method":"notifications/initialized"}""";

    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(30);

    public static async Task RunAsync(IReadOnlyList<int> sizes, TextWriter output)
    {
        var program = await ExaiMachine.PublishAsync();
        await output.WriteLineAsync(
            $"{"sessions",9}{"shims",7}{"daemon MB",11}{"KB/session",12}{"daemon idle ms/s",18}{"a shim MB",11}{"its share MB",14}{"shim idle ms/s",16}{"round trip ms p50",19}{"p99",8}");
        foreach (var size in sizes.Order())
            await output.WriteLineAsync(await RowAsync(program, size));
    }

    private static async Task<string> RowAsync(string program, int sessions)
    {
        await using var machine = await ExaiMachine.StartAsync(program, "{}");
        await machine.StartDaemonAsync();
        var daemon = machine.Daemon!.Value;
        List<StdioClient> shims = [];
        List<ClientWebSocket> links = [];
        try
        {
            // The first one is there before anything is measured: what the daemon loads for it, it loads once.
            shims.Add(Connected(machine));
            await Task.Delay(Idle, TimeProvider.System);
            var alone = Children.Memory([daemon]);
            while (shims.Count < Math.Min(sessions, MostShims))
                shims.Add(Connected(machine));
            while (shims.Count + links.Count < sessions)
                links.Add(await LinkAsync(machine));

            // Idle is what it is when all have given back what their start took.
            await Task.Delay(Idle, TimeProvider.System);
            var (before, shimBefore) = (Children.ProcessorTime(daemon), Children.ProcessorTime(shims[^1].Id));
            await Task.Delay(Idle, TimeProvider.System);
            var (used, shimUsed) = (Children.ProcessorTime(daemon) - before, Children.ProcessorTime(shims[^1].Id) - shimBefore);
            var memory = Children.Memory([daemon]);
            var perSession = sessions > 1 ? (memory - alone) / 1024.0 / (sessions - 1) : 0;
            var (shim, share) = (Children.Memory([shims[^1].Id]), Children.Share(shims[^1].Id));
            var trips = new Distribution(Enumerable.Range(0, RoundTrips).Select(_ => RoundTrip(shims[0])));
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{sessions,9}{shims.Count,7}{memory / 1e6,11:0}{perSession,12:0}{used / Idle * 1000,18:0.0}{shim / 1e6,11:0}{share / 1e6,14:0}{shimUsed / Idle * 1000,16:0.0}{trips.P50,19:0.000}{trips.P99,8:0.0}");
        }
        finally
        {
            shims.ForEach(shim => shim.Dispose());
            links.ForEach(link => link.Dispose());
        }
    }

    private static StdioClient Connected(ExaiMachine machine)
    {
        var shim = new StdioClient(machine.Command("shim"));
        shim.Initialize();
        shim.Call("version");
        return shim;
    }

    private static double RoundTrip(StdioClient shim)
    {
        var watch = Watch.Start();
        shim.Call("version");
        return watch.Elapsed.TotalMilliseconds;
    }

    private static async Task<ClientWebSocket> LinkAsync(ExaiMachine machine)
    {
        var link = new ClientWebSocket();
        link.Options.AddSubProtocol("mcp");
        link.Options.SetRequestHeader("Authorization", "Bearer " + machine.Token);
        link.Options.SetRequestHeader("Exai-Session", Guid.NewGuid().ToString());
        link.Options.SetRequestHeader("Exai-Era", "legacy");
        await link.ConnectAsync(new Uri($"ws://127.0.0.1:{machine.Port}/ws"), CancellationToken.None);
        await link.SendAsync(Encoding.UTF8.GetBytes(Hello), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        await ReceiveAsync(link);
        await link.SendAsync(Encoding.UTF8.GetBytes(Initialized), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        _ = ListenAsync(link);
        return link;
    }

    /// <summary>Reads on, so that pings are answered.</summary>
    private static async Task ListenAsync(ClientWebSocket link)
    {
        try
        {
            while (link.State == WebSocketState.Open)
                await ReceiveAsync(link);
        }
        catch (Exception over) when (over is WebSocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The row is done.
        }
    }

    private static async Task ReceiveAsync(ClientWebSocket link)
    {
        var buffer = new byte[4096];
        while (await link.ReceiveAsync(buffer.AsMemory(), CancellationToken.None) is { EndOfMessage: false })
        {
            // What it says is of no interest.
        }
    }
}
