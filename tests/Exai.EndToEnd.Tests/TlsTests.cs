using System.Text.Json.Nodes;
using Exai.EndToEnd.Tests.Harness;
using Exai.Settings.Certificates;
using Exai.Testing.Certificates;

namespace Exai.EndToEnd.Tests;

/// <summary>TLS between real processes: the home's own daemon, daemons elsewhere, a certificate that is renewed, and HAProxy.</summary>
public sealed class TlsTests : IDisposable
{
    private const string Token = "a-token-of-thirty-two-characters";

    private readonly TestAuthority _authority = new();

    public void Dispose() => _authority.Dispose();

    [Fact]
    public async Task Home_whose_certificate_is_for_another_name_works_on_its_own_machine_as_without_tls()
    {
        await using var machine = await MachineAsync(["exai.example"]);
        var file = machine.Folder("project");
        Directory.CreateDirectory(file);
        await File.WriteAllTextAsync(Path.Combine(file, "a.cs"), "class Marker;\n");
        // The daemon is started by the shim, the file goes beside the link.
        var shim = await machine.StartClientAsync(("EXAI_ALLOWED_ROOTS", file));
        var reply = await shim.CallAsync("chat", new JsonObject { ["prompt"] = "Review.", ["files"] = new JsonArray(Path.Combine(file, "a.cs")) });
        reply.IsError.ShouldBeFalse(reply.Text);
        machine.Simulator.Log.Chats.ShouldHaveSingleItem().Body.GetRawText().ShouldContain("class Marker;");
        Maps(shim.Pid).ShouldContain("System.Net.Security.dll");

        (await machine.RunAsync(["health"])).ExitCode.ShouldBe(0);
        var status = await machine.RunAsync(["status", "--json"]);
        ((string?)JsonNode.Parse(status.Output)!["components"]!["tls"]!["status"]).ShouldBe("ok", status.ToString());
        var doctor = await machine.RunAsync(["doctor", "--json"]);
        doctor.ExitCode.ShouldBe(0, doctor.ToString());
        doctor.Output.ShouldContain("speaks TLS");
        var dashboard = await machine.RunAsync(["dashboard", "--print"]);
        dashboard.Output.ShouldStartWith($"https://127.0.0.1:{machine.Daemon.Health!.MonitoringPort}/signin/");
        dashboard.Errors.ShouldContain("exai.example");

        var old = machine.Daemon.Health!.Epoch;
        (await machine.RunAsync(["restart"])).ExitCode.ShouldBe(0);
        await machine.Daemon.RunningAsync(otherThan: old);
        (await shim.CallAsync("version")).IsError.ShouldBeFalse();
    }

    [Fact]
    public async Task Shim_of_a_plain_daemon_loads_nothing_of_tls()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync();
        var shim = await machine.StartClientAsync();
        (await shim.CallAsync("version")).IsError.ShouldBeFalse();

        Maps(shim.Pid).ShouldNotContain("System.Net.Security.dll");
        Maps(shim.Pid).ShouldNotContain("libssl");
    }

    [Fact]
    public async Task Renewed_certificate_is_shown_to_new_links_while_old_ones_go_on_and_who_does_not_trust_it_is_told_why()
    {
        await using var machine = await MachineAsync(["127.0.0.1"], ("EXAI_WS_TOKEN", Token));
        var files = new CertificateFolder(machine.Folder("tls"));
        await machine.Daemon.StartAsync();
        var elsewhere = Elsewhere(machine, $"wss://127.0.0.1:{machine.Daemon.Health!.Port}", files.Authority);
        var before = await machine.StartClientAsync(elsewhere("first"));
        (await before.CallAsync("version")).IsError.ShouldBeFalse();

        // Another authority, by the way in which Kubernetes renews a mounted secret.
        using var next = new TestAuthority("The next authority");
        files.Turn(next.Issue(["127.0.0.1"]));
        var shown = Fingerprint.OfFile(files.Certificate)!;
        await Patience.ForAsync("the daemon shows the new certificate", () => machine.Daemon.Health!.TlsCertificates is [var only] && only == shown);
        (await before.CallAsync("version")).IsError.ShouldBeFalse();
        machine.Daemon.Health!.Sessions.ShouldBe(1);
        Links(machine, "first").ShouldBe(1);

        var after = await machine.StartClientAsync(elsewhere("second"));
        var refused = await after.CallAsync("version");
        refused.Code.ShouldBe("DAEMON_UNAVAILABLE");
        refused.Text.ShouldContain("whom this machine does not trust");
        refused.Text.ShouldContain($"EXAI_TLS_CA={files.Authority}");
        var doctor = await machine.RunAsync(["doctor"], elsewhere("third"));
        doctor.ExitCode.ShouldBe(1);
        doctor.Output.ShouldContain("is not accepted");

        await File.AppendAllTextAsync(files.Authority, next.Pem);
        await Patience.ForAsync("the second shim has a link", () => Links(machine, "second") == 1);
        (await after.CallAsync("version")).IsError.ShouldBeFalse();
    }

    [Theory]
    [InlineData("wss", "speaks no TLS")]
    [InlineData("ws", "as one with TLS does")]
    public async Task End_that_speaks_tls_and_one_that_does_not_tell_what_is_wrong(string scheme, string told)
    {
        await using var machine = await (scheme == "wss" ? ExaiHomeFixture.CreateAsync(null, ("EXAI_WS_TOKEN", Token)) : MachineAsync(["127.0.0.1"], ("EXAI_WS_TOKEN", Token)));
        await machine.Daemon.StartAsync();
        var shim = await machine.StartClientAsync(
            [.. Elsewhere(machine, $"{scheme}://127.0.0.1:{machine.Daemon.Health!.Port}", machine.Folder("none"))("first"), ("EXAI_WS_MAX_RETRIES", "1")]);

        var reply = await shim.CallAsync("version");

        reply.Code.ShouldBe("DAEMON_UNAVAILABLE");
        reply.Text.ShouldContain(told);
    }

    [Fact]
    public async Task Certificate_that_cannot_be_used_ends_a_daemon_with_the_code_for_settings_and_leaves_the_one_that_serves()
    {
        await using var machine = await MachineAsync(["127.0.0.1"]);
        var files = new CertificateFolder(machine.Folder("tls"));
        await machine.Daemon.StartAsync();
        var serving = machine.Daemon.Health!.Epoch;
        await File.WriteAllTextAsync(files.Key, _authority.Issue(["127.0.0.1"]).Key);

        var restart = await machine.RunAsync(["restart"]);
        restart.ExitCode.ShouldBe(1);
        (restart.Output + restart.Errors).ShouldContain($"EXAI_TLS_KEY={files.Key} is not the private key of");
        machine.Daemon.Health!.Epoch.ShouldBe(serving);
        (await machine.RunAsync(["health"])).ExitCode.ShouldBe(0);

        var start = await machine.RunAsync(["daemon"], ("EXAI_HOME", machine.Folder("another")));
        start.ExitCode.ShouldBe(2);
        start.Errors.ShouldContain($"EXAI_TLS_KEY={files.Key} is not the private key of EXAI_TLS_CERT={files.Certificate}");
    }

    [Fact]
    public async Task Doctor_looks_at_the_files_before_any_daemon_does()
    {
        await using var machine = await MachineAsync(["127.0.0.1"]);
        var files = new CertificateFolder(machine.Folder("tls"));
        files.Write(_authority.Issue(["exai.example"], ends: TimeProvider.System.GetUtcNow().AddDays(3)));
        File.SetUnixFileMode(files.Key, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        var near = await machine.RunAsync(["doctor"]);
        var bad = await machine.RunAsync(["doctor"], ("EXAI_TLS_CA", machine.Folder("nowhere.pem")), ("EXAI_TLS_KEY", files.Certificate));

        near.ExitCode.ShouldBe(0, near.ToString());
        Words(near).ShouldContain("in 2 days");
        Words(near).ShouldContain("can be read by every user");
        bad.ExitCode.ShouldBe(1);
        Words(bad).ShouldContain("holds no private key in PEM form");
        Words(bad).ShouldContain("nowhere.pem cannot be read");

        static string Words(CommandResult result) => string.Join(' ', result.Output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>By docs/cluster.md: HAProxy ends the TLS of shims and begins its own with the daemons.</summary>
    [Fact]
    public async Task Haproxy_with_tls_before_a_daemon_with_tls_serves_shims()
    {
        Assert.SkipWhen(BalancerSetup.Missing is not null, BalancerSetup.Missing ?? "");
        await using var machine = await MachineAsync(["127.0.0.1", "exai.example"], ("EXAI_WS_TOKEN", Token));
        var files = new CertificateFolder(machine.Folder("tls"));
        await machine.Daemon.StartAsync();
        var proxy = Balancer.StartTls(machine, machine.Daemon.Health!, files.Certificate, files.Key, files.Authority);
        var shim = await machine.StartClientAsync(Elsewhere(machine, $"wss://127.0.0.1:{proxy.Port}", files.Authority)("first"));

        var reply = await shim.ChatAsync("What is marker-proxy?");

        reply.Text.ShouldContain("marker-proxy");
    }

    private async Task<ExaiHomeFixture> MachineAsync(string[] names, params (string Name, string? Value)[] settings)
    {
        var machine = await ExaiHomeFixture.CreateAsync(null, settings);
        var files = CertificateFolder.Create(machine.Folder("tls"), _authority, names);
        (machine.Environment["EXAI_TLS_CERT"], machine.Environment["EXAI_TLS_KEY"]) = (files.Certificate, files.Key);
        return machine;
    }

    /// <summary>Settings of a shim on a machine of its own.</summary>
    private static Func<string, (string Name, string? Value)[]> Elsewhere(ExaiHomeFixture machine, string endpoint, string authorities) => home =>
    [
        ("EXAI_HOME", machine.Folder(home)), ("EXAI_WS_PORT", null), ("EXAI_TLS_CERT", null), ("EXAI_TLS_KEY", null),
        ("EXAI_WS_ENDPOINTS", endpoint), ("EXAI_TLS_CA", authorities),
    ];

    /// <summary>How often the shim of a home has had a link.</summary>
    private static int Links(ExaiHomeFixture machine, string home) => File.ReadLines(Directory.EnumerateFiles(Path.Combine(machine.Folder(home), "logs"), "shim-*.log").Single())
        .Count(line => line.Contains("Connected to daemon", StringComparison.Ordinal));

    /// <summary>Which files the process has in its memory.</summary>
    private static string Maps(int pid) => File.ReadAllText($"/proc/{pid}/maps");
}
