using System.Net;
using System.Net.Sockets;
using Exai.EndToEnd.Tests.Harness;
using Exai.Simulator;

namespace Exai.EndToEnd.Tests;

/// <summary>Keys, settings, homes, ports and tokens that are wrong: said in words, all at once, and mended without a restart of the client.</summary>
public sealed class BadSetupTests
{
    private static readonly TimeSpan WithinSeconds = TimeSpan.FromSeconds(8);

    [Fact]
    public async Task Without_a_key_a_question_says_which_setting_is_missing_and_how_to_try_without()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(null, ("GLM_API_KEY", null));
        var shim = await machine.StartClientAsync();

        var reply = await shim.ChatAsync("Is anybody there?");

        reply.Code.ShouldBe("NO_PROVIDER");
        reply.Text.ShouldContain("GLM_API_KEY");
        reply.Text.ShouldContain("exai demo");
        (await shim.CallAsync("listmodels")).Text.ShouldContain("GLM_API_KEY");
    }

    [Fact]
    public async Task A_wrong_key_is_named_as_such_and_stands_in_no_message_and_no_log()
    {
        const string Key = "sk-wrong-0123456789abcdef";
        await using var machine = await ExaiHomeFixture.CreateAsync(null, ("GLM_API_KEY", Key));
        var shim = await machine.StartClientAsync();

        var reply = await shim.ChatAsync("Is anybody there?");

        reply.Code.ShouldBe("PROVIDER_AUTH");
        ((string?)reply.Error["provider"]).ShouldBe("glm");
        shim.Lines.ShouldAllBe(line => !line.Text.Contains(Key, StringComparison.Ordinal));
        machine.Logs().ShouldNotContain(Key);
        machine.Simulator.Log.Chats.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Prompts_answers_and_the_token_stand_in_no_log()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(null, ("LOG_LEVEL", "DEBUG"));
        var shim = await machine.StartClientAsync();

        (await shim.ChatAsync("What is marker-secret?")).IsError.ShouldBeFalse();
        await machine.Daemon.KillAsync();

        var logs = machine.Logs();
        logs.ShouldContain("serves epoch");
        logs.ShouldNotContain("marker-secret");
        logs.ShouldNotContain("Simulated answer");
        logs.ShouldNotContain((await File.ReadAllTextAsync(machine.Home.TokenFile)).Trim());
        logs.ShouldNotContain(ExaiHomeFixture.ProviderKey);
    }

    [Fact]
    public async Task A_port_that_was_asked_for_and_is_taken_ends_the_daemon_with_a_clear_message()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        await using var machine = await ExaiHomeFixture.CreateAsync(null, ("EXAI_WS_PORT", $"{port}"));

        var result = await machine.RunAsync(["daemon"]);

        result.ExitCode.ShouldBe(1, result.ToString());
        result.Errors.ShouldContain($"Port {port}");
        result.Errors.ShouldContain("EXAI_WS_PORT");
        result.Errors.ShouldNotContain("   at ");
        File.Exists(machine.Home.HealthFile).ShouldBeFalse();
    }

    [Fact]
    public async Task The_default_port_that_is_taken_is_replaced_by_a_free_one_which_the_shim_finds()
    {
        const int DefaultPort = 8079;
        await using var other = await OtherProgramAsync(DefaultPort);
        await using var machine = await ExaiHomeFixture.CreateAsync(null, ("EXAI_WS_PORT", null));
        var shim = await machine.StartClientAsync();

        (await shim.ChatAsync("Is anybody there?")).IsError.ShouldBeFalse();
        machine.Daemon.Health!.Port.ShouldNotBe(DefaultPort);
        await machine.Daemon.KillAsync();
        (await shim.ChatAsync("And again?")).IsError.ShouldBeFalse();
        machine.Logs().ShouldContain($"Port {DefaultPort} is taken");
    }

    [Fact]
    public async Task Two_homes_on_one_machine_each_get_their_own_daemon()
    {
        await using var one = await ExaiHomeFixture.CreateAsync(null, ("EXAI_WS_PORT", null));
        await using var two = await ExaiHomeFixture.CreateAsync(null, ("EXAI_WS_PORT", null));

        (await (await one.StartClientAsync()).ChatAsync("Mine?")).IsError.ShouldBeFalse();
        var reply = await (await two.StartClientAsync()).ChatAsync("And mine?");

        reply.IsError.ShouldBeFalse(reply.Text);
        two.Daemon.Health!.Pid.ShouldNotBe(one.Daemon.Health!.Pid);
    }

    [Fact]
    public async Task A_home_that_cannot_be_is_named_by_the_daemon_and_by_a_shim_that_stays()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync();
        var file = machine.Folder("a-file");
        await File.WriteAllTextAsync(file, "no folder");

        var daemon = await machine.RunAsync(["daemon"], ("EXAI_HOME", file));
        daemon.ExitCode.ShouldBe(2, daemon.ToString());
        daemon.Errors.ShouldContain(file);
        daemon.Errors.ShouldContain("EXAI_HOME");
        daemon.Errors.ShouldNotContain("   at ");

        var shim = await machine.StartClientAsync(("EXAI_HOME", file));
        var reply = await shim.CallAsync("version", limit: WithinSeconds);
        reply.IsError.ShouldBeTrue();
        reply.Text.ShouldContain(file);
        reply.Text.ShouldContain("EXAI_HOME");

        // The same shim works once the home can be.
        File.Delete(file);
        (await shim.CallAsync("version", limit: WithinSeconds)).IsError.ShouldBeFalse();
    }

    [Fact]
    public async Task A_settings_file_with_several_mistakes_is_reported_whole_and_needs_no_new_client_when_mended()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync();
        Directory.CreateDirectory(machine.Home.Path);
        await File.WriteAllTextAsync(machine.Home.SettingsFile, "EXAI_WS_PING_INTERVAL=soon\nGLM_MAX_OUTPUT_TOKENS=-5  # a joke\nLOG_LEVEL=LOUD\n");
        string[] names = ["EXAI_WS_PING_INTERVAL", "GLM_MAX_OUTPUT_TOKENS", "LOG_LEVEL"];
        string[] values = ["soon", "-5", "LOUD"];

        var daemon = await machine.RunAsync(["daemon"]);
        daemon.ExitCode.ShouldBe(2, daemon.ToString());
        names.Concat(values).Append(machine.Home.SettingsFile).ShouldAllBe(words => daemon.Errors.Contains(words, StringComparison.Ordinal), daemon.Errors);

        var shim = await machine.StartClientAsync();
        (await shim.RequestAsync("tools/list")).Message["result"]!["tools"]!.AsArray().ShouldNotBeEmpty();
        var refused = await shim.CallAsync("version", limit: WithinSeconds);
        refused.Code.ShouldBe("CONFIG_INVALID");
        names.Concat(values).ShouldAllBe(words => refused.Text.Contains(words, StringComparison.Ordinal), refused.Text);

        await File.WriteAllTextAsync(machine.Home.SettingsFile, "EXAI_WS_PING_INTERVAL=40\n");
        var mended = await shim.CallAsync("version", limit: WithinSeconds);
        mended.IsError.ShouldBeFalse(mended.Text);
    }

    [Fact]
    public async Task A_mistake_in_the_settings_of_a_running_daemon_does_not_stop_its_clients()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync();
        await machine.Daemon.StartAsync();
        await File.WriteAllTextAsync(machine.Home.SettingsFile, "EXAI_WS_PING_INTERVAL=soon\n");

        var shim = await machine.StartClientAsync();

        (await shim.ChatAsync("Is anybody there?")).IsError.ShouldBeFalse();
    }

    [Fact]
    public async Task A_wrong_token_is_said_within_seconds_and_heals_when_the_daemon_gets_the_same()
    {
        const string Token = "the-token-of-this-client";
        await using var machine = await ExaiHomeFixture.CreateAsync(null, ("EXAI_WS_RECONNECT_MAX_SECS", "1"));
        await machine.Daemon.StartAsync();
        var shim = await machine.StartClientAsync(("EXAI_WS_TOKEN", Token));

        await ShouldBeUnauthorizedAsync(shim, Token);

        await machine.Daemon.KillAsync();
        await machine.Daemon.StartAsync(("EXAI_WS_TOKEN", Token));
        await ShouldHealAsync(shim);
    }

    [Fact]
    public async Task A_wrong_token_file_is_said_within_seconds_and_heals_when_it_is_corrected()
    {
        const string Token = "an-old-token-of-another-daemon";
        await using var machine = await ExaiHomeFixture.CreateAsync(null, ("EXAI_WS_RECONNECT_MAX_SECS", "1"));
        await machine.Daemon.StartAsync();
        var client = Directory.CreateDirectory(machine.Folder("client-home"));
        await File.WriteAllTextAsync(Path.Combine(client.FullName, "token"), Token);
        var shim = await machine.StartClientAsync(("EXAI_HOME", client.FullName), ("EXAI_WS_PORT", $"{machine.Daemon.Health!.Port}"));

        await ShouldBeUnauthorizedAsync(shim, Token);

        File.Copy(machine.Home.TokenFile, Path.Combine(client.FullName, "token"), overwrite: true);
        await ShouldHealAsync(shim);
    }

    [Fact]
    public async Task A_second_daemon_of_a_home_ends_and_names_the_first()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync();
        var first = await machine.Daemon.StartAsync();

        var second = await machine.RunAsync(["daemon"]);

        second.ExitCode.ShouldBe(1, second.ToString());
        second.Errors.ShouldContain($"process {first.Pid}");
        machine.Daemon.Health!.Pid.ShouldBe(first.Pid);
        (await (await machine.StartClientAsync()).CallAsync("version")).IsError.ShouldBeFalse();
    }

    [Fact]
    public async Task A_health_file_and_locks_of_a_dead_daemon_do_not_keep_the_next_one_from_starting()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync();
        Directory.CreateDirectory(machine.Home.Path);
        // A process that lives and is no daemon has the dead daemon's number by now; nobody listens at the port.
        await File.WriteAllTextAsync(
            machine.Home.HealthFile, $$$"""{"t":1,"pid":{{{Environment.ProcessId}}},"host":"127.0.0.1","port":1,"epoch":"old","status":"busy"}""");
        await File.WriteAllTextAsync(machine.Home.ServeLock, "");
        await File.WriteAllTextAsync(machine.Home.AutostartLock, "");

        var shim = await machine.StartClientAsync();

        (await shim.ChatAsync("Is anybody there?")).IsError.ShouldBeFalse();
        machine.Daemon.Health!.Epoch.ShouldNotBe("old");
    }

    /// <summary>Some HTTP server that is no daemon.</summary>
    private static async Task<SimulatorServer> OtherProgramAsync(int port)
    {
        try
        {
            return await SimulatorServer.StartAsync(new SimulatorOptions { Port = port });
        }
        catch (IOException taken)
        {
            Assert.Skip($"Port {port} belongs to a program of this machine: {taken.Message}");
            throw;
        }
    }

    private static async Task ShouldBeUnauthorizedAsync(ShimProcess shim, string token)
    {
        var reply = await shim.CallAsync("version", limit: WithinSeconds);
        reply.Code.ShouldBe("UNAUTHORIZED");
        reply.Text.ShouldContain("EXAI_WS_TOKEN");
        reply.Text.ShouldNotContain(token);
    }

    /// <summary>The next dial reads the token again; a call before it may still be told the old truth.</summary>
    private static async Task ShouldHealAsync(ShimProcess shim)
    {
        var patience = Patience.Token(WithinSeconds);
        ToolReply reply;
        do
        {
            patience.ThrowIfCancellationRequested();
            reply = await shim.CallAsync("version", limit: WithinSeconds);
        }
        while (reply.Code == "UNAUTHORIZED");

        reply.IsError.ShouldBeFalse(reply.Text);
    }
}
