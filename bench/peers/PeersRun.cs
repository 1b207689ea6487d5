namespace Exai.Peers;

/// <summary>One run: what is needed is installed and published, then every bridge and every gateway does the same work.</summary>
internal static class PeersRun
{
    /// <summary>An answer that takes three seconds, as the slow tool of the other bridges.</summary>
    private const string SlowAnswer = """{"rules":[{"reasoningTokens":0,"firstTokenMs":500,"answerTokens":25,"tokensPerSecond":10}]}""";

    public static async Task<int> RunAsync(PeersOptions options, TextWriter output, TimeProvider time)
    {
        await output.WriteLineAsync("Installing the peers and publishing exai …");
        await Npm.InstallAsync();
        var program = await ExaiMachine.PublishAsync();
        var report = new Report(output, options, time.GetUtcNow(), Children.Load());
        if (options.Bridges)
        {
            await using var machine = await ExaiMachine.StartAsync(program, SlowAnswer);
            foreach (var bridge in Bridges(machine))
            {
                await using (bridge)
                    report.Add(await BridgeMeasure.MeasureAsync(bridge, options));
            }

            report.PrintBridges();
        }

        if (options.Gateways)
        {
            await using var machine = await ExaiMachine.StartAsync(program, GatewayMeasure.Script);
            foreach (var gateway in Gateways(machine))
            {
                await using (gateway)
                {
                    await gateway.StartAsync();
                    await GatewayMeasure.WarmUpAsync(gateway, options.GatewayWarmUp);
                    foreach (var (inFlight, questions) in options.Loads)
                        report.Add(await GatewayMeasure.MeasureAsync(gateway, machine, inFlight, questions));
                }
            }

            report.PrintGateways();
        }

        await report.WriteAsync(Children.Load());
        return 0;
    }

    private static Bridge[] Bridges(ExaiMachine machine) =>
    [
        new NoBridge(),
        new ExaiBridge(machine),
        new NpmBridge("mcp-remote 0.15.1", "mcp-remote", url => [url, "--allow-http", "--transport", "http-only"]),
        new NpmBridge("supergateway 4.0.0", "supergateway", url => ["--streamableHttp", url, "--outputTransport", "stdio", "--logLevel", "none"]),
        new HttpToStdioBridge(
            "mcp-proxy 6.7.19 (HTTP to stdio)", "mcp-proxy", (port, floor) => ["--host", "127.0.0.1", "--port", $"{port}", "--server", "stream", "--", floor, "--floor"]),
    ];

    private static Gateway[] Gateways(ExaiMachine machine)
    {
        var port = Children.FreePort();
        var portkey = new Uri($"http://127.0.0.1:{port}/v1");
        (string, string)[] route = [("x-portkey-provider", "openai"), ("x-portkey-custom-host", new Uri(machine.GlmBaseUrl, "/openai/v1").ToString())];
        return
        [
            new HttpGateway("direct, streamed", machine.GlmBaseUrl, streams: true),
            new HttpGateway("direct, whole", machine.GlmBaseUrl, streams: false),
            new ExaiGateway(machine),
            new HttpGateway("Portkey 1.15.2, streamed", portkey, streams: true, route) { Program = Portkey(port) },
            new HttpGateway("Portkey 1.15.2, whole", new Uri($"http://127.0.0.1:{port + 1}/v1"), streams: false, route) { Program = Portkey(port + 1) },
        ];
    }

    private static System.Diagnostics.ProcessStartInfo Portkey(int port) => Children.Command(
        "node", [Npm.PathOf("@portkey-ai/gateway", "build/start-server.js"), $"--port={port}", "--headless"]);
}
