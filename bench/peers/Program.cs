using Exai.Peers;

// EXAI beside what people would use instead, in one run on one machine: dotnet run --project bench/peers -c Release -- --help
switch (args)
{
    case ["--floor"]:
        return FloorServer.Run();
    case ["--backend", var port]:
        return await HttpBackend.RunAsync(int.Parse(port, System.Globalization.CultureInfo.InvariantCulture));
    case ["--help"]:
        await Console.Out.WriteLineAsync(PeersOptions.Help);
        return 0;
    default:
        try
        {
            return await PeersRun.RunAsync(PeersOptions.Parse(args), Console.Out, TimeProvider.System);
        }
        catch (FormatException wrong)
        {
            await Console.Error.WriteLineAsync(wrong.Message);
            return 2;
        }
}
